//! One frame of every kind, with every optional part present in at least one of them.

use lychgate_model::limits::Deltas;
use lychgate_model::{
    Category, Confidence, Coverage, Decision, Digest, Finding, Fingerprint, HashKind, Hook, Mode,
    ObjectId, ObjectKind, Reason, ReasonCode, RefKind, RefUpdate, RepoPath, RuleId, RuleNote,
    Severity, Side, Source, Span, State, Tally,
};
use lychgate_wire::frame::*;

pub(crate) fn id(n: u8) -> ObjectId {
    ObjectId::from_bytes(&[n; 20]).unwrap()
}

pub(crate) fn id256(n: u8) -> ObjectId {
    ObjectId::from_bytes(&[n; 32]).unwrap()
}

fn side(mode: Mode, n: u8) -> Option<Side> {
    Some(Side { mode, id: id(n) })
}

pub(crate) fn tally() -> Tally {
    Tally {
        changes: 3,
        refs: 2,
        objects: 7,
        bytes: 4096,
        digest: Digest([0xd1; 32]),
    }
}

pub(crate) fn finding() -> Finding {
    Finding {
        path: Some(RepoPath(b"conf/\xff.env".to_vec())),
        span: Span {
            line: 3,
            column: 9,
            end_line: 3,
            end_column: 29,
            byte_start: 64,
            byte_end: 84,
        },
        source: Source::Blob,
        object: Some(id(5)),
        commit: None,
        rule: RuleId::new("aws.access-key-id").unwrap(),
        title: "AWS access key id".into(),
        category: Category::Secret,
        severity: Severity::Critical,
        confidence: Confidence::High,
        fingerprint: Some(Fingerprint([0xf1; 16])),
        masked: "AK...(20)".into(),
        state: State::Allowed,
        blocks: false,
        allowed_by: Some("allow line until 2026-12-31".into()),
        via: Some("base64, gzip".into()),
    }
}

/// Name of the golden file, and the frame.
pub(crate) fn all() -> Vec<(&'static str, Frame<'static>)> {
    vec![
        (
            "hello",
            Frame::Hello(Hello {
                major: 1,
                minor: 0,
                capabilities: caps::OFFERS,
                build: "0.1.0",
                documents: vec![b".lychgate/policy.toml"],
            }),
        ),
        (
            "refuse",
            Frame::Refuse(Refuse {
                code: RefuseCode::Busy,
                message: "256 sessions are open",
                major: 1,
                minor: 0,
            }),
        ),
        (
            "facts",
            Frame::Facts(Facts {
                hook: Hook::PreReceive,
                object_format: HashKind::Sha256,
                want_findings: true,
                repository: b"/srv/git/a.git",
                head: b"refs/heads/main",
                head_born: true,
                variables: vec![(b"GL_ID", b"user-7"), (b"GIT_PUSH_OPTION_COUNT", b"0")],
            }),
        ),
        (
            "ref",
            Frame::Ref(RefUpdate {
                name: b"refs/heads/main".to_vec(),
                old: id(1),
                new: ObjectId::null(HashKind::Sha1),
                kind: RefKind::Delete,
            }),
        ),
        (
            "document",
            Frame::Document(Document {
                side: DocumentSide::Base,
                path: b".lychgate/policy.toml",
                id: id(9),
                content: DocumentContent::Bytes(b"schema = 1\n"),
            }),
        ),
        (
            "document-absent",
            Frame::Document(Document {
                side: DocumentSide::Index,
                path: b".lychgate/policy.toml",
                id: ObjectId::null(HashKind::Sha1),
                content: DocumentContent::Absent,
            }),
        ),
        (
            "document-unusable",
            Frame::Document(Document {
                side: DocumentSide::Target,
                path: b".lychgate/policy.toml",
                id: ObjectId::null(HashKind::Sha256),
                content: DocumentContent::Unusable("is a symlink"),
            }),
        ),
        ("ready", Frame::Ready),
        (
            "plan",
            Frame::Plan(Plan {
                refs: vec![(b"refs/heads/scratch/**", false), (b"**", true)],
            }),
        ),
        ("offer", Frame::Offer(vec![id(1), id(2), id(3)])),
        ("offer-sha256", Frame::Offer(vec![id256(1)])),
        (
            "need",
            Frame::Need(vec![
                true, false, true, true, false, false, false, true, false, true,
            ]),
        ),
        (
            "entry",
            Frame::Entry(Entry {
                path: b"src/a b.rs",
                old: side(Mode::Regular, 4),
                new: side(Mode::Executable, 5),
            }),
        ),
        (
            "entry-deleted",
            Frame::Entry(Entry {
                path: b"gone",
                old: side(Mode::Symlink, 4),
                new: None,
            }),
        ),
        (
            "object",
            Frame::Object(Object {
                role: Role::New,
                kind: ObjectKind::Blob,
                id: id(5),
                size: 1 << 33,
                path: b"",
            }),
        ),
        (
            "object-file",
            Frame::Object(Object {
                role: Role::File,
                kind: ObjectKind::Blob,
                id: ObjectId::null(HashKind::Sha1),
                size: 3,
                path: b"conf/app.env",
            }),
        ),
        ("data", Frame::Data(b"abc")),
        (
            "unreadable",
            Frame::Unreadable(Unreadable {
                id: id(6),
                path: b"big",
                reason: "object is missing",
            }),
        ),
        ("done", Frame::Done(tally())),
        ("want-places", Frame::Want(Want::Places(vec![id(5), id(6)]))),
        (
            "want-small",
            Frame::Want(Want::Small(256 << 10, vec![id(4)])),
        ),
        ("want-content", Frame::Want(Want::Content(vec![id(4)]))),
        (
            "want-documents",
            Frame::Want(Want::Documents(vec![(
                DocumentSide::Target,
                b"CODEOWNERS".to_vec(),
            )])),
        ),
        (
            "want-changes",
            Frame::Want(Want::Changes(vec![b"".to_vec(), b"conf".to_vec()])),
        ),
        ("want-gone", Frame::Want(Want::Gone(vec![(id(8), id(4))]))),
        (
            "made",
            Frame::Made(Made {
                base: 7,
                delta: &[4, 5, 0x90, 4, 1, b'x'],
            }),
        ),
        (
            "gone",
            Frame::Gone(Gone {
                commit: id(8),
                object: id(4),
                path: b"conf/old.env",
            }),
        ),
        (
            "progress",
            Frame::Progress {
                judged: 40_000,
                announced: 81_234,
            },
        ),
        (
            "deltas",
            Frame::Deltas(Deltas {
                result: 1 << 30,
                chain: 5000,
            }),
        ),
        ("nested", Frame::Nested(b"conf/.gitattributes")),
        (
            "place",
            Frame::Place(Place {
                object: id(5),
                commit: id(8),
                path: b"conf/app.env",
                mode: Mode::Regular,
                reference: b"refs/heads/main",
                old: vec![id(4)],
                deleted: vec![],
            }),
        ),
        ("answered", Frame::Answered),
        ("finding", Frame::Finding(Box::new(finding()))),
        (
            "finding-bare",
            Frame::Finding(Box::new(Finding {
                path: None,
                source: Source::Ref,
                object: None,
                commit: Some(id256(7)),
                fingerprint: None,
                state: State::New,
                blocks: true,
                allowed_by: None,
                via: None,
                ..finding()
            })),
        ),
        (
            "rule",
            Frame::Rule(Box::new(RuleNote {
                id: RuleId::new("aws.access-key-id").unwrap(),
                title: "AWS access key id".into(),
                why: "It opens the account.".into(),
                fix: "Read it from the environment.".into(),
                rotate: "Create a second key, deploy it, delete the first.".into(),
                owner: String::new(),
            })),
        ),
        ("line", Frame::Line("conf/app.env:3:9: AWS access key id")),
        (
            "verdict",
            Frame::Verdict(Box::new(Answer {
                decision: Decision::Deny,
                exit: 1,
                reasons: vec![Reason {
                    code: ReasonCode::Trailer,
                    message: "the message lacks the trailer Issue".into(),
                    help: "Add it.".into(),
                }],
                notes: vec!["would deny".into()],
                coverage: Coverage {
                    tally: tally(),
                    cached_objects: 4,
                    cached_bytes: 512,
                    complete: true,
                },
                rule_set: Digest([0xa1; 32]),
                policy: Digest([0xb2; 32]),
                request: "00f1e2d3c4b5a697".into(),
            })),
        ),
    ]
}
