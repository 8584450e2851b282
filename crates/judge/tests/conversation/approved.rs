//! References to secret stores, where a policy names the approved ones (SE-23).

use lychgate_model::{Decision, Hook};
use lychgate_wire::frame::{DocumentContent, DocumentSide};

use crate::talk::{Answered, ENGINE, Talk, engine};

const REFERENCES: [(&str, &str); 6] = [
    ("op", "pw = \"op://team/db/password\"\n"),
    ("vault", "pw: \"vault:secret/data/app#password\"\n"),
    (
        "aws-sm",
        "pw: arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf\n",
    ),
    ("gcp-sm", "pw: projects/shop/secrets/db/versions/latest\n"),
    ("github", "  pw: ${{ secrets.DB_PASSWORD }}\n"),
    ("external-secrets", "kind: ExternalSecret\n"),
];

fn commit(policy: &str, content: &str) -> Answered {
    let mut talk = Talk::new(&ENGINE);
    let document = (
        DocumentSide::Index,
        DocumentContent::Bytes(policy.as_bytes()),
    );
    talk.open(Hook::PreCommit, &[], &[document]);
    talk.add("conf/app.yaml", content.as_bytes());
    talk.close()
}

#[test]
fn a_reference_to_another_store_is_denied_and_the_approved_are_named() {
    for (store, content) in REFERENCES {
        let said = commit(
            "schema = 1\n[vaults]\napproved = [\"azure-kv\", \"sops\"]\n",
            content,
        );
        assert_eq!(said.decision(), Decision::Deny, "{store}: {said:?}");
        assert_eq!(said.findings[0].rule.as_str(), format!("store.{store}"));
        assert!(said.text().contains("azure-kv, sops"), "{}", said.text());

        let own = format!("schema = 1\n[vaults]\napproved = [\"{store}\"]\n");
        for policy in [own.as_str(), "schema = 1\n"] {
            let said = commit(policy, content);
            assert_eq!(said.decision(), Decision::Allow, "{store}: {said:?}");
            assert!(said.findings.is_empty(), "{store}: {said:?}");
        }
    }
}

#[test]
fn the_organisations_list_holds_and_a_repository_only_leaves_out() {
    let engine = engine("schema = 1\n[vaults]\napproved = [\"op\", \"vault\"]\n");
    for (policy, store, want) in [
        ("schema = 1\n", 0, Decision::Allow),
        ("schema = 1\n", 2, Decision::Deny),
        (
            "schema = 1\n[vaults]\napproved = [\"vault\"]\n",
            0,
            Decision::Deny,
        ),
        (
            "schema = 1\n[vaults]\napproved = [\"vault\"]\n",
            1,
            Decision::Allow,
        ),
        (
            "schema = 1\n[vaults]\napproved = [\"aws-sm\"]\n",
            2,
            Decision::Deny,
        ),
    ] {
        let mut talk = Talk::new(&engine);
        let document = (
            DocumentSide::Index,
            DocumentContent::Bytes(policy.as_bytes()),
        );
        talk.open(Hook::PreCommit, &[], &[document]);
        talk.add("conf/app.yaml", REFERENCES[store].1.as_bytes());
        let said = talk.close();
        assert_eq!(said.decision(), want, "{policy}: {said:?}");
    }
}
