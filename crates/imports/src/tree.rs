//! Trees of messages: the path to the active leaf.

use std::collections::{HashMap, HashSet};

/// A node of a tree, by its id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    /// The id of the parent; empty at the root.
    pub(crate) parent: String,
    /// The time.
    pub(crate) created: Option<i64>,
    /// True if it has a message that is shown.
    pub(crate) is_shown: bool,
}

/// Returns the ids on the path to the leaf, the first one first, and the number of other branches. Without a
/// leaf, the newest node is the leaf, and on a tie the last. `order` is the order of the file.
pub(crate) fn path(nodes: &HashMap<String, Node>, order: &[String], leaf: &str) -> (Vec<String>, u64) {
    let parents: HashSet<&str> = nodes.values().map(|node| node.parent.as_str()).collect();
    let leaves: Vec<&String> = order.iter().filter(|id| !parents.contains(id.as_str())).collect();
    let newest = || {
        let time = |id: &&&String| nodes.get(id.as_str()).and_then(|node| node.created);
        let by_time = leaves.iter().max_by_key(time).map(|id| id.to_string());
        by_time.or_else(|| order.last().cloned())
    };
    let mut at = if nodes.contains_key(leaf) { leaf.to_owned() } else { newest().unwrap_or_default() };
    let (mut path, mut seen) = (Vec::new(), HashSet::new());
    // A parent that is not there, or a cycle, ends the path.
    while let Some(node) = nodes.get(&at) {
        if !seen.insert(at.clone()) {
            break;
        }
        path.push(std::mem::replace(&mut at, node.parent.clone()));
    }
    path.reverse();
    let shown = |id: &&&String| {
        !seen.contains(id.as_str()) && nodes.get(id.as_str()).is_some_and(|node| node.is_shown)
    };
    let other = leaves.iter().filter(shown).count();
    (path, u64::try_from(other).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(list: &[(&str, &str, i64)]) -> (HashMap<String, Node>, Vec<String>) {
        let node = |(_, parent, time): &(&str, &str, i64)| Node {
            parent: (*parent).to_owned(),
            created: Some(*time),
            is_shown: true,
        };
        let all = list.iter().map(|one| (one.0.to_owned(), node(one))).collect();
        (all, list.iter().map(|(id, ..)| (*id).to_owned()).collect())
    }

    #[test]
    fn the_path_follows_parents() {
        let (all, order) = nodes(&[("a", "", 1), ("b", "a", 2), ("c", "a", 3), ("d", "b", 9)]);
        assert_eq!(path(&all, &order, "c"), (vec!["a".to_owned(), "c".to_owned()], 1));
        assert_eq!(path(&all, &order, "gone").0, ["a", "b", "d"]);
        let (cycle, order) = nodes(&[("a", "b", 1), ("b", "a", 2), ("c", "nowhere", 3)]);
        assert_eq!(path(&cycle, &order, "b").0, ["a", "b"]);
        assert_eq!(path(&cycle, &order, "").0, ["c"]);
        assert_eq!(path(&HashMap::new(), &[], "").0, Vec::<String>::new());
    }
}
