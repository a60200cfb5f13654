//! Code blocks, with classes for the parts of a dozen languages: `k` keywords, `t` texts, `n` numbers, `c`
//! comments, and `f` names of functions.

use super::inline::escape;

/// Maximum length of the name of a language in bytes.
const MAX_NAME: usize = 24;
/// Maximum number of bytes with parts. Longer code is shown without.
const MAX_CODE: usize = 64 * 1024;

/// The rules of a language.
struct Language {
    /// The names in the first line of a block.
    names: &'static [&'static str],
    keywords: &'static str,
    /// Beginnings of comments that go to the end of the line.
    line: &'static [&'static str],
    /// The marks of comments over several lines; empty if there are none.
    block: (&'static str, &'static str),
    quotes: &'static [char],
}

const C_LINE: &[&str] = &["//"];
const HASH: &[&str] = &["#"];
const C_BLOCK: (&str, &str) = ("/*", "*/");
const NONE: (&str, &str) = ("", "");
const BOTH: &[char] = &['"', '\''];

const LANGUAGES: &[Language] = &[
    Language {
        names: &["rust", "rs"],
        keywords: "as async await break const continue crate dyn else enum extern false fn for if \
            impl in let loop match mod move mut pub ref return self Self static struct super trait \
            true type unsafe use where while",
        line: C_LINE,
        block: C_BLOCK,
        quotes: &['"'],
    },
    Language {
        names: &["python", "py"],
        keywords: "and as assert async await break class continue def del elif else except False \
            finally for from global if import in is lambda None nonlocal not or pass raise return \
            True try while with yield",
        line: HASH,
        block: NONE,
        quotes: BOTH,
    },
    Language {
        names: &["javascript", "js", "typescript", "ts", "jsx", "tsx", "mjs"],
        keywords: "async await break case catch class const continue default delete do else enum \
            export extends false finally for from function if implements import in instanceof \
            interface let new null of return static super switch this throw true try type typeof \
            undefined var void while yield",
        line: C_LINE,
        block: C_BLOCK,
        quotes: &['"', '\'', '`'],
    },
    Language {
        names: &["java", "kotlin", "kt", "csharp", "cs", "c#", "scala", "swift", "dart", "php"],
        keywords: "abstract as break case catch class const continue default do else enum extends \
            final finally for foreach fun func function guard if implements import in init instanceof \
            interface internal is let namespace new null nil object override package private \
            protected public return sealed static struct super switch this throw throws true false \
            try using val var virtual void when where while",
        line: C_LINE,
        block: C_BLOCK,
        quotes: BOTH,
    },
    Language {
        names: &["go", "golang"],
        keywords: "break case chan const continue default defer else fallthrough false for func go \
            goto if import interface map nil package range return select struct switch true type var",
        line: C_LINE,
        block: C_BLOCK,
        quotes: &['"', '\'', '`'],
    },
    Language {
        names: &["c", "cpp", "c++", "h", "hpp", "cc"],
        keywords: "auto bool break case catch char class const constexpr continue default delete do \
            double else enum extern false float for if include inline int long namespace new nullptr \
            operator private protected public return short signed sizeof static struct switch \
            template this throw true try typedef typename union unsigned using virtual void volatile \
            while define",
        line: C_LINE,
        block: C_BLOCK,
        quotes: BOTH,
    },
    Language {
        names: &["bash", "sh", "shell", "zsh", "console"],
        keywords: "case cd do done echo elif else esac exit export fi for function if in local return \
            set source sudo then until while",
        line: HASH,
        block: NONE,
        quotes: BOTH,
    },
    Language {
        names: &["sql", "postgresql", "sqlite", "mysql"],
        keywords: "ADD ALTER AND AS ASC BEGIN BETWEEN BY CASE COMMIT CREATE DELETE DESC DISTINCT DROP \
            ELSE END EXISTS FROM GROUP HAVING IN INDEX INNER INSERT INTO IS JOIN KEY LEFT LIKE LIMIT \
            NOT NULL ON OR ORDER OUTER PRIMARY REFERENCES RIGHT ROLLBACK SELECT SET TABLE THEN UNION \
            UNIQUE UPDATE USING VALUES VIEW WHEN WHERE WITH add alter and as asc begin between by \
            case commit create delete desc distinct drop else end exists from group having in index \
            inner insert into is join key left like limit not null on or order outer primary \
            references right rollback select set table then union unique update using values view \
            when where with",
        line: &["--"],
        block: C_BLOCK,
        quotes: BOTH,
    },
    Language {
        names: &["json", "jsonc"],
        keywords: "true false null",
        line: C_LINE,
        block: NONE,
        quotes: &['"'],
    },
    Language {
        names: &["yaml", "yml", "toml", "ini", "dockerfile", "makefile", "nix", "r"],
        keywords: "true false null yes no on off FROM RUN COPY CMD ENV EXPOSE WORKDIR ENTRYPOINT ARG",
        line: HASH,
        block: NONE,
        quotes: BOTH,
    },
    Language {
        names: &["ruby", "rb", "elixir"],
        keywords: "and begin break case class def defmodule do else elsif end ensure false fn for if \
            in module next nil not or require rescue return self super then true unless until when \
            while yield",
        line: HASH,
        block: NONE,
        quotes: BOTH,
    },
    Language {
        names: &["html", "xml", "svg", "vue"],
        keywords: "",
        line: &[],
        block: ("<!--", "-->"),
        quotes: &['"'],
    },
    Language { names: &["css", "scss", "less"], keywords: "", line: &[], block: C_BLOCK, quotes: BOTH },
];

/// Returns the name of the language in the first line of a block, or an empty text.
pub(super) fn language(info: &str) -> String {
    let name = info.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.');
    if name.len() <= MAX_NAME && name.chars().all(is_plain) { name.to_lowercase() } else { String::new() }
}

/// Appends a code block.
pub(super) fn block(out: &mut String, language: &str, code: &str) {
    out.push_str("<figure class=\"code\"><figcaption class=\"code-head\"><span>");
    escape(out, language);
    out.push_str("</span></figcaption><pre tabindex=\"0\"><code");
    if !language.is_empty() {
        out.push_str(" class=\"language-");
        escape(out, language);
        out.push('"');
    }
    out.push('>');
    let code = code.strip_suffix('\n').unwrap_or(code);
    match LANGUAGES.iter().find(|known| known.names.contains(&language)) {
        Some(language) if code.len() <= MAX_CODE => parts(out, language, code),
        _ => escape(out, code),
    }
    out.push_str("</code></pre></figure>\n");
}

/// Appends code with its parts marked.
fn parts(out: &mut String, language: &Language, code: &str) {
    let mut rest = code;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let (class, length) = part(language, rest, c, before);
        let length = length.clamp(c.len_utf8(), rest.len());
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if class.is_empty() {
            escape(out, text);
        } else {
            out.push_str("<span class=\"");
            out.push_str(class);
            out.push_str("\">");
            escape(out, text);
            out.push_str("</span>");
        }
        before = text.chars().next_back().unwrap_or(' ');
        rest = after;
    }
}

/// Returns the class of the part at the beginning of `rest`, and its length in bytes.
fn part(language: &Language, rest: &str, c: char, before: char) -> (&'static str, usize) {
    let (begin, end) = language.block;
    if !begin.is_empty() && rest.starts_with(begin) {
        let inner = rest.get(begin.len()..).unwrap_or_default();
        return ("c", inner.find(end).map_or(rest.len(), |at| begin.len() + at + end.len()));
    }
    // A comment begins a line or follows a space: `#` and `//` occur in addresses as well.
    if before.is_whitespace() && language.line.iter().any(|mark| rest.starts_with(mark)) {
        return ("c", rest.find('\n').unwrap_or(rest.len()));
    }
    if language.quotes.contains(&c) {
        return ("t", quoted(rest, c));
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if c.is_ascii_digit() && !is_word(before) {
        let is_number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        return ("n", rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
    }
    if !is_word(c) {
        return ("", c.len_utf8());
    }
    let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
    if language.keywords.split_ascii_whitespace().any(|keyword| keyword == word) {
        return ("k", length);
    }
    (if after.starts_with('(') { "f" } else { "" }, length)
}

/// Returns the length of a text in quotes, which ends with its line unless the quote is a backtick.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' if quote != '`' => return at,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}
