//! The prefixes by which models tell a question from a passage.

/// The prefixes of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefixes {
    /// The prefix of a question.
    pub query: String,
    /// The prefix of a passage.
    pub passage: String,
}

/// Parts of the lower-case names of models, with the prefixes that their authors give. The first match
/// counts.
const KNOWN: &[(&[&str], &str, &str)] = &[
    (
        &["e5", "instruct"],
        "Instruct: Given a question, retrieve passages that answer the question\nQuery: ",
        "",
    ),
    (&["e5"], "query: ", "passage: "),
    (&["bge-m3"], "", ""),
    (&["bge", "-zh"], "为这个句子生成表示以用于检索相关文章：", ""),
    (&["bge"], "Represent this sentence for searching relevant passages: ", ""),
    (&["nomic-embed"], "search_query: ", "search_document: "),
    (&["arctic-embed", "2"], "query: ", ""),
    (&["arctic-embed"], "Represent this sentence for searching relevant passages: ", ""),
    (
        &["qwen3-embedding"],
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
        "",
    ),
    (&["embeddinggemma"], "task: search result | query: ", "title: none | text: "),
    (&["embedding-gemma"], "task: search result | query: ", "title: none | text: "),
    (
        &["jina-embeddings-v3"],
        "Represent the query for retrieving evidence documents: ",
        "Represent the document for retrieval: ",
    ),
    (&["jina-embeddings-v4"], "Query: ", "Passage: "),
    (&["jina-embeddings-v5"], "Query: ", "Document: "),
];

impl Prefixes {
    /// Returns the prefixes of a well-known model, and empty ones for any other.
    #[must_use]
    pub fn of(model: &str) -> Self {
        let model = model.to_lowercase();
        // The name of the family begins a word: "e5" is not in "some5".
        let is_in = |part: &&str| {
            model.match_indices(part).any(|(at, _)| {
                part.starts_with('-')
                    || part.len() == 1
                    || !model.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric))
            })
        };
        let known = KNOWN.iter().find(|(parts, ..)| parts.iter().all(is_in));
        let (query, passage) = known.map_or(("", ""), |(_, query, passage)| (*query, *passage));
        Self { query: query.to_owned(), passage: passage.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_models_have_prefixes() {
        for (model, query, passage) in [
            ("intfloat/multilingual-e5-small", "query: ", "passage: "),
            ("multilingual-e5-large-instruct", "Instruct: Given", ""),
            ("bge-m3:latest", "", ""),
            ("BAAI/bge-large-zh-v1.5", "为这个句子", ""),
            ("bge-large", "Represent this", ""),
            ("nomic-embed-text:v1.5", "search_query: ", "search_document: "),
            ("snowflake-arctic-embed2", "query: ", ""),
            ("Snowflake/snowflake-arctic-embed-l-v2.0", "query: ", ""),
            ("snowflake-arctic-embed:335m", "Represent this", ""),
            ("Qwen/Qwen3-Embedding-0.6B", "Instruct: Given a web", ""),
            ("embeddinggemma:300m", "task: search", "title: none"),
            ("jina-embeddings-v3", "Represent the query", "Represent the document"),
            ("text-embedding-3-small", "", ""),
            ("awesome5", "", ""),
        ] {
            let found = Prefixes::of(model);
            assert!(
                found.query.starts_with(query) && found.passage.starts_with(passage),
                "{model}: {found:?}"
            );
            assert_eq!(
                (found.query.is_empty(), found.passage.is_empty()),
                (query.is_empty(), passage.is_empty())
            );
        }
    }
}
