//! How a comment is written in a file, by its name.

/// `text` as a comment of the file at `path`; `None`: files of that kind hold no comments.
pub(super) fn around(path: &[u8], text: &str) -> Option<String> {
    let name = path
        .rsplit(|b| *b == b'/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let extension = match name.iter().rposition(|b| *b == b'.') {
        Some(dot) => name.get(dot + 1..).unwrap_or_default(),
        None => b"",
    };
    let (open, close) = match extension {
        b"json" | b"ipynb" | b"csv" | b"tsv" | b"lock" | b"pem" | b"key" | b"der" | b"p12"
        | b"zip" | b"gz" | b"png" | b"jpg" | b"pdf" => return None,
        b"c" | b"cc" | b"cpp" | b"cxx" | b"h" | b"hh" | b"hpp" | b"rs" | b"go" | b"java"
        | b"kt" | b"kts" | b"js" | b"mjs" | b"cjs" | b"jsx" | b"ts" | b"mts" | b"cts" | b"tsx"
        | b"jsonc" | b"json5" | b"swift" | b"scala" | b"php" | b"cs" | b"fs" | b"dart"
        | b"proto" | b"groovy" | b"gradle" | b"scss" | b"less" | b"zig" | b"m" | b"mm" | b"v"
        | b"sv" | b"sol" | b"bicep" => ("// ", ""),
        b"css" => ("/* ", " */"),
        b"sql" | b"lua" | b"hs" | b"elm" | b"adb" | b"ads" | b"vhd" | b"vhdl" => ("-- ", ""),
        b"ini" | b"asm" | b"s" | b"clj" | b"cljs" | b"edn" | b"lisp" | b"el" | b"scm" | b"reg" => {
            ("; ", "")
        }
        b"tex" | b"sty" | b"erl" | b"hrl" | b"bib" => ("% ", ""),
        b"html" | b"htm" | b"xml" | b"xhtml" | b"svg" | b"vue" | b"md" | b"markdown"
        | b"csproj" | b"plist" | b"xsd" | b"xsl" | b"config" => ("<!-- ", " -->"),
        b"vim" => ("\" ", ""),
        b"bat" | b"cmd" => ("rem ", ""),
        b"vb" | b"vbs" | b"bas" => ("' ", ""),
        _ => ("# ", ""),
    };
    Some(format!("{open}{text}{close}"))
}
