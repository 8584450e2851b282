//! How a comment is written, by a file's name: the one table of what is printed to be pasted and
//! of what is heard.

/// Where on a line a comment may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// After anything.
    Anywhere,
    /// After white space, or first.
    Clear,
    /// First on its line: after code it would be something else.
    First,
}

/// One way to write a comment.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// What opens it.
    pub open: &'static str,
    /// What closes it; empty: the line's end.
    pub close: &'static str,
    /// Where it may open.
    pub at: Where,
    /// Extensions of the files it is printed for, lower case; none: it is only heard.
    pub files: &'static [&'static str],
}

const fn style(
    open: &'static str,
    close: &'static str,
    at: Where,
    files: &'static [&'static str],
) -> Style {
    Style {
        open,
        close,
        at,
        files,
    }
}

use Where::{Anywhere, Clear, First};

/// What a file has of which nothing else is known.
const USUAL: Style = style("#", "", Clear, &[]);

/// Every style. An extension stands once.
pub const STYLES: [Style; 34] = [
    USUAL,
    style(
        "//",
        "",
        Anywhere,
        &[
            "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "inl", "ino", "cu", "cuh", "rs",
            "go", "mod", "java", "kt", "kts", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx",
            "jsonc", "json5", "swift", "scala", "sc", "php", "cs", "csx", "fs", "fsx", "fsi",
            "dart", "proto", "thrift", "groovy", "gradle", "scss", "less", "sass", "styl", "zig",
            "m", "mm", "v", "sv", "svh", "sol", "move", "cairo", "bicep", "d", "pas", "dpr", "hx",
            "as", "odin", "jai", "vala", "prisma", "kql", "glsl", "hlsl", "wgsl", "metal", "dot",
            "gv", "adoc", "asciidoc", "typ", "gleam", "res", "cls", "apex", "trigger",
        ],
    ),
    style(
        "/*",
        "*/",
        Anywhere,
        &["css", "mdx", "lds", "bison", "y", "l", "rexx", "sas"],
    ),
    style(
        "--",
        "",
        Anywhere,
        &[
            "sql",
            "psql",
            "pgsql",
            "plsql",
            "pls",
            "pks",
            "pkb",
            "ddl",
            "dml",
            "hql",
            "lua",
            "hs",
            "elm",
            "purs",
            "agda",
            "idr",
            "adb",
            "ads",
            "ada",
            "vhd",
            "vhdl",
            "applescript",
            "scpt",
            "dhall",
        ],
    ),
    style(
        ";",
        "",
        Clear,
        &[
            "ini", "asm", "nasm", "s", "clj", "cljs", "cljc", "edn", "lisp", "lsp", "el", "scm",
            "ss", "rkt", "fnl", "hy", "reg", "inf", "iss", "nsi", "ahk", "au3", "wat", "ll",
            "emacs",
        ],
    ),
    style(
        "%",
        "",
        Clear,
        &["tex", "sty", "ltx", "bib", "erl", "hrl", "ps", "eps", "mmd"],
    ),
    style(
        "<!--",
        "-->",
        Anywhere,
        &[
            "html",
            "htm",
            "xml",
            "xhtml",
            "svg",
            "vue",
            "svelte",
            "astro",
            "md",
            "markdown",
            "rmd",
            "qmd",
            "csproj",
            "vbproj",
            "fsproj",
            "vcxproj",
            "props",
            "targets",
            "nuspec",
            "resx",
            "wsdl",
            "xaml",
            "plist",
            "xsd",
            "xsl",
            "xslt",
            "pom",
            "config",
            "kml",
            "gpx",
            "rss",
            "atom",
            "storyboard",
            "xib",
            "fxml",
            "wxs",
            "jelly",
            "ui",
            "qrc",
            "dita",
            "entitlements",
            "jmx",
            "xmp",
            "opf",
            "rdf",
            "owl",
        ],
    ),
    style(
        "<%--",
        "--%>",
        Anywhere,
        &["jsp", "jspx", "tag", "aspx", "ascx", "asmx", "ashx", "gsp"],
    ),
    style(
        "<%#",
        "%>",
        Anywhere,
        &["erb", "rhtml", "ejs", "eex", "leex", "ecr", "epp"],
    ),
    style("<%!--", "--%>", Anywhere, &["heex"]),
    style(
        "{#",
        "#}",
        Anywhere,
        &[
            "twig", "jinja", "jinja2", "j2", "njk", "nunjucks", "peb", "tera", "volt",
        ],
    ),
    style("{{!", "}}", Anywhere, &["mustache", "hbs", "handlebars"]),
    style("{{!--", "--}}", Anywhere, &[]),
    style("{{--", "--}}", Anywhere, &[]),
    style(
        "{{/*",
        "*/}}",
        Anywhere,
        &["tpl", "gotmpl", "tmpl", "gohtml"],
    ),
    style("{% comment %}", "{% endcomment %}", Anywhere, &["liquid"]),
    style("<#--", "-->", Anywhere, &["ftl", "ftlh", "ftlx"]),
    style("##", "", Clear, &["vm", "vtl", "mako"]),
    style("@*", "*@", Anywhere, &["cshtml", "razor", "vbhtml"]),
    style(
        "(*",
        "*)",
        Anywhere,
        &["ml", "mli", "mll", "mly", "sml", "sig", "thy", "wl", "nb"],
    ),
    style("{-", "-}", Anywhere, &[]),
    style("--[[", "]]", Anywhere, &[]),
    style("<#", "#>", Anywhere, &[]),
    style("#|", "|#", Clear, &[]),
    style(
        "!",
        "",
        Clear,
        &["f", "f90", "f95", "f03", "f08", "for", "ftn", "f77", "inp"],
    ),
    style("*>", "", Clear, &["cob", "cbl", "cobol", "cpy"]),
    style("//-", "", Anywhere, &["pug", "jade"]),
    style("-#", "", First, &["haml"]),
    style("..", "", First, &["rst"]),
    style("rem", "", First, &["bat", "cmd"]),
    style("@rem", "", First, &[]),
    style(
        "'",
        "",
        Clear,
        &[
            "vb", "vbs", "bas", "frm", "vba", "asp", "puml", "plantuml", "iuml", "brs",
        ],
    ),
    style("\"", "", First, &["vim", "vimrc", "exrc", "gvimrc"]),
    style("*", "", First, &[]),
];

/// Extensions of files that hold no comments.
const NONE: [&str; 62] = [
    "json",
    "ipynb",
    "jsonl",
    "ndjson",
    "geojson",
    "har",
    "webmanifest",
    "map",
    "csv",
    "tsv",
    "lock",
    "sum",
    "pem",
    "key",
    "crt",
    "cer",
    "der",
    "p8",
    "p12",
    "pfx",
    "jks",
    "keystore",
    "gpg",
    "asc",
    "age",
    "kdbx",
    "zip",
    "gz",
    "tgz",
    "bz2",
    "xz",
    "zst",
    "7z",
    "rar",
    "tar",
    "jar",
    "war",
    "apk",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "ico",
    "webp",
    "pdf",
    "docx",
    "xlsx",
    "pptx",
    "woff",
    "woff2",
    "ttf",
    "so",
    "dll",
    "exe",
    "o",
    "a",
    "class",
    "pyc",
    "wasm",
    "sqlite",
    "db",
    "bin",
];

/// How the file at `path` writes a comment; `None`: files of that kind hold none.
pub fn of(path: &[u8]) -> Option<&'static Style> {
    let name = path
        .rsplit(|b| *b == b'/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let extension = match name.iter().rposition(|b| *b == b'.') {
        Some(dot) => name.get(dot + 1..).unwrap_or_default(),
        None => b"",
    };
    let same = |e: &str| e.as_bytes() == extension;
    if NONE.iter().any(|e| same(e)) {
        return None;
    }
    let known = STYLES.iter().find(|s| s.files.iter().any(|e| same(e)));
    Some(known.unwrap_or(&STYLES[0]))
}

impl Style {
    /// `text` as a comment on a line.
    pub fn around(&self, text: &str) -> String {
        let space = if self.close.is_empty() { "" } else { " " };
        format!("{} {text}{space}{}", self.open, self.close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_stands_once() {
        let mut all: Vec<&str> = STYLES.iter().flat_map(|s| s.files).copied().collect();
        all.extend(NONE);
        let many = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), many);
    }
}
