//! Amounts of text in a page: visible, hidden until scripts run, and in menus. No I/O.

use std::collections::HashMap;

use dom_query::{Document, NodeId, NodeRef};

/// Elements whose text is not shown.
const UNSEEN: [&str; 7] = ["script", "style", "noscript", "template", "title", "head", "svg"];
/// Elements of navigation and forms.
const LEADING: [&str; 8] = ["a", "nav", "header", "footer", "button", "form", "select", "label"];
/// Amount of text from which a hidden element is more than a tooltip.
const LONG: usize = 200;
/// Amount of text below which a page is empty, …
const LEAST: usize = 8;
/// … and below which it is empty if its menus have more text.
const LITTLE: usize = 200;

/// The amount of text of an element in letters. A Chinese character counts as two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// In sentences.
    own: usize,
    /// In links, menus and forms.
    leading: usize,
}

impl Weight {
    /// Returns `true` if there is next to no text, or hardly any beside menus.
    pub(super) const fn is_thin(self) -> bool {
        self.own < LEAST || (self.own < LITTLE && self.leading > self.own)
    }
}

/// Reveals elements that a page hides until its scripts run, and returns the amount of text that is visible
/// then.
///
/// A transparent or invisible element, or one with `aria-hidden`, is revealed if it has much text. Any hidden
/// element is revealed if it has most of the text of the page.
pub(super) fn reveal(page: &Document) -> Weight {
    let root = page.root();
    let nodes: Vec<NodeRef<'_>> = std::iter::once(root).chain(root.descendants_it()).collect();
    let weights = weigh(&nodes);
    let of = |node: &NodeRef<'_>| weights.get(&node.id).copied().unwrap_or_default();
    let all = of(&root);
    let mut hidden = Weight::default();
    for node in nodes.iter().filter(|node| node.is_element()) {
        let Some(how) = hiding(node) else { continue };
        let weight = of(node);
        let is_most = weight.own >= LEAST && weight.own * 2 >= all.own;
        if is_most || (how == Hiding::Veiled && weight.own >= LONG && weight.own > weight.leading) {
            show(node);
        } else if !node.ancestors_it(None).any(|above| above.is_element() && hiding(&above).is_some()) {
            hidden.own += weight.own;
            hidden.leading += weight.leading;
        }
    }
    Weight { own: all.own.saturating_sub(hidden.own), leading: all.leading.saturating_sub(hidden.leading) }
}

/// A way of hiding an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hiding {
    /// Keeps its space.
    Veiled,
    /// Takes no space.
    Gone,
}

fn hiding(node: &NodeRef<'_>) -> Option<Hiding> {
    let style = node.attr("style").map(|style| style.to_ascii_lowercase()).unwrap_or_default();
    let says = |name: &str, value: &str| {
        declarations(&style).any(|(key, said)| key == name && said.starts_with(value))
    };
    if node.has_attr("hidden") || says("display", "none") {
        return Some(Hiding::Gone);
    }
    let is_transparent = declarations(&style).any(|(key, said)| {
        key == "opacity" && said.trim_end_matches("!important").trim().parse() == Ok(0.0_f64)
    });
    let is_kept = node.attr("aria-hidden").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    (is_transparent || is_kept || says("visibility", "hidden")).then_some(Hiding::Veiled)
}

fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    style.split(';').filter_map(|declaration| {
        let (key, value) = declaration.split_once(':')?;
        Some((key.trim(), value.trim()))
    })
}

fn show(node: &NodeRef<'_>) {
    node.remove_attrs(&["style", "hidden", "aria-hidden"]);
}

/// Returns the amount of text of each node and its descendants. Parents come before their children in the
/// list.
fn weigh(nodes: &[NodeRef<'_>]) -> HashMap<NodeId, Weight> {
    let mut weights = HashMap::<NodeId, Weight>::with_capacity(nodes.len());
    for node in nodes.iter().rev() {
        if node.is_text() {
            weights.insert(node.id, Weight { own: letters(&node.text()), leading: 0 });
        }
        let Some(weight) = weights.get_mut(&node.id) else { continue };
        let name = node.node_name().unwrap_or_default();
        if UNSEEN.contains(&&*name) {
            *weight = Weight::default();
        } else if LEADING.contains(&&*name) {
            *weight = Weight { own: 0, leading: weight.leading + weight.own };
        }
        let weight = *weight;
        if let Some(parent) = node.parent() {
            let of_parent = weights.entry(parent.id).or_default();
            of_parent.own += weight.own;
            of_parent.leading += weight.leading;
        }
    }
    weights
}

fn letters(text: &str) -> usize {
    let weight = |c: char| match c {
        '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}' => 2,
        _ => 1,
    };
    text.chars().filter(|c| !c.is_whitespace()).map(weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(html: &str) -> Weight {
        reveal(&Document::from(html))
    }

    #[test]
    fn menus_are_no_text() {
        for thin in [
            "",
            "<a>首页</a> <a>新闻</a> <a>登录</a>",
            "<nav>Home News Sports</nav><div id=app></div>",
            "<header>Some newspaper of the town</header><p>© 2026</p><footer>Imprint, terms and \
             conditions</footer>",
            "<body><noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div>",
            "<script>var long = 'a text that nobody sees, however long it is';</script>",
            "<form><label>E-mail</label><button>Subscribe to our newsletter now</button></form><p>Welcome \
             back</p>",
        ] {
            assert!(weight(thin).is_thin(), "{thin}");
        }
        for text in
            ["<p>喜欢阅读科幻小说</p>", "<p>Hello, world!</p>", "<a>Home</a><p>A short remark about tea.</p>"]
        {
            assert!(!weight(text).is_thin(), "{text}");
        }
    }

    #[test]
    fn what_scripts_would_reveal_is_shown() {
        let article = "很久以前有一座山，山上有一座庙。".repeat(20);
        for hidden in [
            "style=\"visibility: hidden; opacity: 0;\"",
            "style='opacity:0'",
            "style='OPACITY: 0.0 !important'",
            "aria-hidden=true",
            "hidden",
            "style='display:none'",
        ] {
            let page = Document::from(format!("<nav>首页</nav><div {hidden}><p>{article}</p></div>"));
            assert!(!reveal(&page).is_thin(), "{hidden}");
            assert!(page.select("div").iter().all(|div| hiding(&div.nodes()[0]).is_none()), "{hidden}");
        }
    }

    #[test]
    fn what_stays_hidden_stays_hidden() {
        let article = "A long story of the sea and of those who sail it. ".repeat(20);
        for (hidden, inner) in [
            ("aria-hidden=true", "icon"),
            (
                "hidden",
                "We value your privacy and use cookies for many purposes, which are listed in our policy.",
            ),
            ("style='display:none'", "We value your privacy and use cookies for many purposes."),
            ("aria-hidden=true", "<a>One</a><a>Two</a><a>Three</a>"),
        ] {
            let page = Document::from(format!("<p>{article}</p><div {hidden}>{inner}</div>"));
            assert!(!reveal(&page).is_thin());
            assert!(page.select("div").iter().all(|div| hiding(&div.nodes()[0]).is_some()), "{hidden}");
        }
    }
}
