//! Files as people commit them: values split the way each language splits them, lock files,
//! minified code, code pages. Against the rules compiled in; every find has its quiet twin.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use std::sync::LazyLock;

use lychgate_model::{HashKind, ObjectKind, Span};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch, pack};

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::built_in().unwrap());

fn scan(bytes: &[u8]) -> Scanned {
    let mut out = Scanned::default();
    let (kind, hash) = (ObjectKind::Blob, HashKind::Sha1);
    let input = Input { kind, hash, bytes };
    RULES.scan(input, &fixture::key(), &mut Scratch::new(), &mut out);
    out
}

/// Rules sure of what they found, with where.
fn found(bytes: &[u8]) -> Vec<(String, Span)> {
    let scanned = scan(bytes);
    let sure = scanned.findings.iter().filter(|f| f.evidence.is_none());
    sure.map(|f| (RULES.rules()[f.rule as usize].id.to_string(), f.span))
        .collect()
}

/// A GitHub token whose checksum holds.
fn token() -> String {
    fixture::token(3)
}

/// The bytes that a span names.
fn bytes_of(text: &[u8], span: Span) -> &[u8] {
    &text[usize::try_from(span.byte_start).unwrap()..usize::try_from(span.byte_end).unwrap()]
}

#[test]
fn a_value_split_the_way_of_each_language_is_joined() {
    let token = token();
    let (a, b) = token.split_at(15);
    let mut missed = Vec::new();
    for (language, template) in [
        ("Python, side by side", "t = \"{1}\" \"{2}\"\n"),
        (
            "Python, lines in brackets",
            "t = (\n    \"{1}\"\n    \"{2}\"\n)\n",
        ),
        ("Python, plus", "t = '{1}' + '{2}'\n"),
        ("Python, backslash", "t = '{1}' \\\n    '{2}'\n"),
        ("Python, join", "t = ''.join(['{1}', '{2}'])\n"),
        ("JavaScript", "const t = \"{1}\" + \"{2}\";\n"),
        ("JavaScript, lines", "const t = '{1}' +\n  '{2}';\n"),
        ("JavaScript, join", "const t = ['{1}', '{2}'].join('');\n"),
        ("TypeScript, mixed", "const t: string = `{1}` + \"{2}\";\n"),
        ("JavaScript, concat", "const t = '{1}'.concat('{2}');\n"),
        ("Java", "String t = \"{1}\"\n    + \"{2}\";\n"),
        ("C#", "var t = @\"{1}\" + @\"{2}\";\n"),
        ("C", "const char *t = \"{1}\" \"{2}\";\n"),
        ("C, lines", "#define T \"{1}\" \\\n  \"{2}\"\n"),
        ("C++", "std::string t = std::string(\"{1}\") + \"{2}\";\n"),
        ("Go", "t := \"{1}\" +\n\t\"{2}\"\n"),
        ("PHP", "$t = '{1}' . '{2}';\n"),
        ("PHP, implode", "$t = implode('', ['{1}', '{2}']);\n"),
        ("Ruby", "t = '{1}' + '{2}'\n"),
        ("Ruby, shovel", "t = '{1}' << '{2}'\n"),
        ("Ruby, side by side", "t = '{1}' \\\n  '{2}'\n"),
        ("Rust", "let t = concat!(\"{1}\", \"{2}\");\n"),
        ("Swift", "let t = \"{1}\" + \"{2}\"\n"),
        ("Kotlin", "val t = \"{1}\" +\n    \"{2}\"\n"),
        ("shell", "T=\"{1}\"\"{2}\"\n"),
        ("shell, mixed", "T='{1}'\"{2}\"\n"),
        ("PowerShell", "$t = '{1}' + '{2}'\n"),
        ("PowerShell, join", "$t = -join ('{1}', '{2}')\n"),
        ("Visual Basic", "t = \"{1}\" & \"{2}\"\n"),
        ("Visual Basic, lines", "t = \"{1}\" & _\n    \"{2}\"\n"),
        ("Lua", "local t = '{1}' .. '{2}'\n"),
        ("Perl", "my $t = '{1}' . '{2}';\n"),
        ("Perl, join", "my $t = join('', '{1}', '{2}');\n"),
        ("Haskell", "t = \"{1}\" ++ \"{2}\"\n"),
        ("SQL", "SELECT '{1}' || '{2}';\n"),
        ("SQL, concat", "SELECT CONCAT('{1}', '{2}');\n"),
        ("Elixir", "t = \"{1}\" <> \"{2}\"\n"),
    ] {
        let text = template.replace("{1}", a).replace("{2}", b);
        let hit = found(text.as_bytes());
        let whole = |span| {
            let bytes = bytes_of(text.as_bytes(), span);
            bytes.starts_with(a.as_bytes()) && bytes.ends_with(b.as_bytes())
        };
        if !hit
            .iter()
            .any(|(id, span)| id.starts_with("github.") && whole(*span))
        {
            missed.push((language, hit));
        }
        // Half of it, and words, are nothing.
        for (a, b) in [(a, "and a few words"), ("one", "two")] {
            let text = template.replace("{1}", a).replace("{2}", b);
            assert!(found(text.as_bytes()).is_empty(), "{language}");
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// An entry of each lock file, many times over, with made-up digests.
fn lock(template: &str) -> String {
    let mut out = String::new();
    for n in 1..40 {
        out.push_str(&pack::expand(template, "lock", n).unwrap());
    }
    out
}

#[test]
fn lock_files_are_quiet_and_a_token_in_them_is_not() {
    for (file, template) in [
        (
            "package-lock.json",
            "    \"node_modules/left\": {lbrace}{nl}      \"version\": \"1.2.3\",{nl}      \"resolved\": \"https://registry.npmjs.org/left/-/left-1.2.3.tgz\",{nl}      \"integrity\": \"sha512-{base64:86}==\"{nl}    {rbrace},{nl}",
        ),
        (
            "yarn.lock",
            "left@^1.2.0:{nl}  version \"1.2.3\"{nl}  resolved \"https://registry.yarnpkg.com/left/-/left-1.2.3.tgz#{hex:40}\"{nl}  integrity sha512-{base64:86}=={nl}{nl}",
        ),
        (
            "yarn.lock, berry",
            "\"left@npm:^1.2.0\":{nl}  version: 1.2.3{nl}  checksum: 10c0/{hex:128}{nl}  languageName: node{nl}",
        ),
        (
            "pnpm-lock.yaml",
            "  left@1.2.3:{nl}    resolution: {lbrace}integrity: sha512-{base64:86}=={rbrace}{nl}",
        ),
        (
            "Cargo.lock",
            "[[package]]{nl}name = \"left\"{nl}version = \"1.2.3\"{nl}checksum = \"{hex:64}\"{nl}{nl}",
        ),
        (
            "go.sum",
            "github.com/a/left v1.2.3 h1:{base64:43}={nl}github.com/a/left v1.2.3/go.mod h1:{base64:43}={nl}",
        ),
        (
            "poetry.lock",
            "    {lbrace}file = \"left-1.2.3.tar.gz\", hash = \"sha256:{hex:64}\"{rbrace},{nl}",
        ),
        ("Pipfile.lock", "                \"sha256:{hex:64}\",{nl}"),
        (
            "composer.lock",
            "            \"dist\": {lbrace} \"reference\": \"{hex:40}\", \"shasum\": \"{hex:40}\" {rbrace},{nl}",
        ),
        ("Gemfile.lock", "  left (1.2.3) sha256={hex:64}{nl}"),
        (
            "packages.lock.json",
            "        \"contentHash\": \"{base64:86}==\",{nl}",
        ),
        (
            "flake.lock",
            "      \"narHash\": \"sha256-{base64:43}=\", \"rev\": \"{hex:40}\",{nl}",
        ),
        (
            "uv.lock",
            "    {lbrace} url = \"https://files.pythonhosted.org/packages/{hex:2}/{hex:2}/{hex:60}/l.whl\", hash = \"sha256:{hex:64}\" {rbrace},{nl}",
        ),
        (
            ".terraform.lock.hcl",
            "    \"h1:{base64:43}=\",{nl}    \"zh:{hex:64}\",{nl}",
        ),
        (
            "a source map",
            "{lbrace}\"version\":3,\"mappings\":\"AAAA,{base62:200};{base62:90}\",\"names\":[\"aB3\",\"{base62:6}\"]{rbrace}{nl}",
        ),
        (
            "minified code",
            "var {lower:2}=function({lower:1}){lbrace}return {lower:1}[\"{base62:5}\"]({digits:3})||{lower:2}.t(\"{base62:8}\"){rbrace};",
        ),
    ] {
        let text = lock(template);
        let quiet = scan(text.as_bytes());
        let told: Vec<_> = quiet
            .findings
            .iter()
            .map(|f| RULES.rules()[f.rule as usize].id.clone())
            .collect();
        assert!(told.is_empty(), "{file}: {told:?}");

        // Planted where an entry begins, and in the place of an entry's address.
        let middle = text.len() / 2;
        let place = text[middle..].find([' ', ',']).unwrap() + middle;
        let (before, after) = text.split_at(place);
        let planted = format!("{before} {}{after}", token());
        let hit = found(planted.as_bytes());
        assert_eq!(hit.len(), 1, "{file}: {hit:?}");
        let span = hit[0].1;
        assert_eq!(
            bytes_of(planted.as_bytes(), span),
            token().as_bytes(),
            "{file}"
        );
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 2;
        assert_eq!(
            (span.line as usize, span.column as usize),
            (line, column),
            "{file}"
        );
    }
}

#[test]
fn code_pages_and_wide_text_give_the_same_finding() {
    let token = token();
    let lead: [(&str, Vec<u8>); 4] = [
        ("UTF-8", "naïve café\nclé = ".as_bytes().to_vec()),
        ("cp1252", b"na\xefve caf\xe9\ncl\xe9 = ".to_vec()),
        (
            "Shift-JIS",
            b"\x93\xfa\x96\x7b\x8c\xea\n\x83\x4c = ".to_vec(),
        ),
        ("GB 18030", b"\xd6\xd0\xce\xc4\nk = ".to_vec()),
    ];
    for (page, lead) in lead {
        let text = [&lead[..], b"\"", token.as_bytes(), b"\"\n"].concat();
        let hit = found(&text);
        assert_eq!(hit.len(), 1, "{page}: {hit:?}");
        let span = hit[0].1;
        assert_eq!(bytes_of(&text, span), token.as_bytes(), "{page}");
        let line = lead.rsplit(|b| *b == b'\n').next().unwrap();
        // Characters where the line is UTF-8, bytes where it is not.
        let width = std::str::from_utf8(line).map_or(line.len(), |l| l.chars().count());
        let at = (2, u32::try_from(width).unwrap() + 2);
        assert_eq!((span.line, span.column), at, "{page}");
        assert!(found(&lead).is_empty(), "{page}");
    }
}

/// What people put before and behind a token is often joined to it by an underscore.
#[test]
fn a_token_is_found_beside_an_underscore() {
    let aws = ["AK", "IA", "Q7XM2KTB", "5RNWZ3VD"].concat();
    for value in [token(), aws] {
        let places = |text: &str| -> usize {
            let spans = found(text.as_bytes());
            let whole = |span: &Span| bytes_of(text.as_bytes(), *span) == value.as_bytes();
            spans.iter().filter(|(_, span)| whole(span)).count()
        };
        for (before, behind) in [
            ("prod_", ""),
            ("", "_old"),
            ("X_", "_y"),
            ("__", "__"),
            ("-", "-"),
        ] {
            let text = format!("see {before}{value}{behind} there\n");
            assert_eq!(places(&text), 1, "{before}..{behind}");
            let short = &value[..value.len() - 1];
            let twin = format!("see {before}{short}{behind} there\n");
            assert_eq!(places(&twin), 0, "{before}..{behind}");
        }
    }
}
