use proptest::prelude::*;

use super::*;

#[test]
fn words_for_keys_are_heard() {
    for gap in [
        "_api_key = \"",
        "Token := \"",
        "-token: ",
        "ApiKey\":\"",
        ".com/v1/x?apikey=",
        " token = '",
        "\": {\"key\": \"",
        ":\n  api_key: ",
        ":\n    enabled: true\n    token: \"",
        "]\naccess_token=",
        "Key</key>\n<string>",
        "\nAPI_KEY=",
        "_KEY', '",
        "Key { get; set; } = \"",
        " API key is `",
        "Client(api_key=\"",
        ".Client(\"",
        "(\"",
        " login --token ",
        "Token string = \"",
        "_TOKEN\n    value: \"",
    ] {
        let says = judge(gap.as_bytes(), false, false);
        let want = if gap.contains("value:") {
            Says::Other
        } else {
            Says::Key
        };
        assert_eq!(says, want, "{gap}");
    }
}

#[test]
fn a_line_of_a_log_is_heard() {
    for (gap, word, want) in [
        (" API\n[DEBUG] Using Key=", true, Says::Key),
        (
            "...\n2024-11-12 23:47:00 DEBUG access key=",
            false,
            Says::Key,
        ),
        (
            " integration enabled\nINFO:root:Loaded api key ",
            true,
            Says::Key,
        ),
        (" rejected our access token ", true, Says::Sure),
        (" api key is ", true, Says::Sure),
        (" of the token ", true, Says::Other),
        (".com/v1\"\n  client_access_token: \"", true, Says::Key),
        (" it before noon\nand the key=", true, Says::Other),
        (" is at 10.4.2\n[DEBUG] Using Key=", false, Says::Other),
        (" API\n[DEBUG] key of commit ", false, Says::Other),
        (" API\n\nUsing Key=", false, Says::Other),
        ("\n", false, Says::Line),
        (" API key:\r\n", false, Says::Line),
        (
            "_key\" {\n  type    = string\n  default = \"",
            true,
            Says::Key,
        ),
        (" rejected our app certificate ", false, Says::Key),
        (" certificate ", false, Says::Other),
    ] {
        assert_eq!(judge(gap.as_bytes(), word, false), want, "{gap}");
    }
}

#[test]
fn an_operator_is_heard_and_nothing_else() {
    for gap in [" = ", ": ", " = \"", "\": \"", "=", "' => '"] {
        assert_eq!(judge(gap.as_bytes(), false, false), Says::Equals, "{gap}");
    }
    assert_eq!(judge(b" ", false, false), Says::Blank);
    for gap in [
        "_project_id = \"",
        "_token_id = \"",
        " keyboard ",
        "Tokenizer(x, y) ",
        "_version = \"",
        "/setup@",
        "_sha = \"",
        "-1.4.2.tar.gz ",
    ] {
        assert_eq!(judge(gap.as_bytes(), false, false), Says::Other, "{gap}");
    }
    let hash = " api sha256 = \"";
    assert_eq!(judge(hash.as_bytes(), false, true), Says::Other);
}

#[test]
fn a_service_may_be_named_behind_its_key() {
    assert_eq!(judge_before(b"x: 1\ntoken: "), Says::Key);
    assert_eq!(judge_before(b"curl -u \""), Says::Key);
    assert_eq!(judge_before(b"token\nrev: "), Says::Other);
}

/// The same word by word.
fn label_plainly(gap: &[u8]) -> Option<usize> {
    let mut best = None;
    for name in LABELS {
        for at in 0..gap.len() {
            let end = at + name.len();
            let whole = name != b"certificate" || is_of_app(gap, at);
            let is = starts(gap, at, name) && whole && begins(gap, at) && ends(gap, name, end);
            if is && best.is_none_or(|b| b < end) {
                best = Some(end);
            }
        }
    }
    best
}

fn last_word_plainly(gap: &[u8]) -> bool {
    let all: Vec<&[u8]> = words(gap).map(|(start, end)| &gap[start..end]).collect();
    let is = |word: &[u8], of: &[&[u8]]| of.iter().any(|o| word.eq_ignore_ascii_case(o));
    let telling = all.iter().rev().find(|w| is(w, &OTHERS) || !is(w, &EMPTY));
    telling.is_none_or(|w| !is(w, &OTHERS))
}

fn gap() -> impl Strategy<Value = Vec<u8>> {
    let of = |words: &[&[u8]]| {
        let words: Vec<Vec<u8>> = words.iter().map(|w| w.to_vec()).collect();
        proptest::sample::select(words)
    };
    let signs = proptest::sample::select(b"_- .:=\"'\n<1aZ(".to_vec()).prop_map(|b| vec![b]);
    let joined = of(&JOINED.map(|j| j));
    let tail = of(&[b"izer", b"s", b"ori", b"board"]);
    let part = (
        prop_oneof![
            4 => of(&LABELS),
            2 => of(&OTHERS),
            1 => of(&EMPTY),
            1 => of(&HASHES),
            1 => joined,
            1 => tail,
            6 => signs,
        ],
        any::<u8>(),
    );
    let cased = part.prop_map(|(mut word, case)| {
        match case % 4 {
            0 => word.make_ascii_uppercase(),
            1 => word[..1].make_ascii_uppercase(),
            _ => {}
        }
        word
    });
    proptest::collection::vec(cased, 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn words_are_found_as_one_by_one(gap in gap()) {
        prop_assert_eq!(label(&gap), label_plainly(&gap));
        prop_assert_eq!(last_word(&gap), last_word_plainly(&gap));
        prop_assert_eq!(word_before(&gap), words(&gap).last());
        let any = HASHES.iter().any(|h| (0..gap.len()).any(|at| starts(&gap, at, h)));
        prop_assert_eq!(holds(&gap, &HASHES_OF), any);
    }
}
