//! What a value says about itself, offline: checksums, decoded shapes. Never asks a provider.
//!
//! Algorithms are public: vendors' own announcements and sources, RFCs and BIPs, named at each.

mod armour;
mod azure;
mod base;
mod base64;
mod cask;
mod crc;
mod der;
mod expiry;
mod google;
mod json;
mod jwt;
mod macaroon;
mod mnemonic;
mod pgp;
mod shape;
mod wallet;
mod words;

use crate::scanned::Day;
pub(crate) use der::armour_of;
pub(crate) use json::members;

/// An offline check, by the name packs give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`about` says it of each")]
pub enum Check {
    AwsKeyId,
    AzureCask,
    AzureDevops,
    AzureKey,
    Base58,
    BasicAuth,
    Bech32,
    Bip32,
    Bip39,
    Chosen,
    Confluent,
    Discord,
    Entra,
    Github,
    GitlabRoutable,
    GoogleServiceAccount,
    Grafana,
    Json,
    Jwt,
    Mixed,
    Npm,
    Pem,
    Pgp,
    Pypi,
    SignedUrl,
    Totp,
    Uuid,
    VendorWord,
    Wif,
    Zuplo,
}

/// What a check says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The value proves itself.
    Holds,
    /// It is what it claims, and gives nothing away by its own word: unsigned, or public by role.
    Public,
    /// It is what it claims, and says that it is an example.
    Shown,
    /// The value is not what its shape claims.
    Fails,
    /// The check has nothing to say about this form.
    Unclear,
}

/// How much a check is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Chance does not pass it, and its source is known: holding makes certain, failing refutes.
    Proof,
    /// A checksum that was described, and not shown by a vendor: holding makes certain, failing lowers
    /// the confidence to medium and does nothing else.
    Supposed,
    /// It decodes as it must. Holding makes the confidence high, failing refutes.
    Shape,
    /// Tells whose or until when; proves nothing either way.
    Attribution,
}

impl Strength {
    /// The word for it in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Supposed => "supposed",
            Self::Shape => "shape",
            Self::Attribution => "attribution",
        }
    }
}

/// What a failed check makes of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFailure {
    Drop,
    Low,
    Keep,
}

impl OnFailure {
    pub(crate) const ALL: [Self; 3] = [Self::Drop, Self::Low, Self::Keep];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Low => "low",
            Self::Keep => "keep",
        }
    }
}

impl Check {
    /// Every check, by name.
    pub const ALL: [Self; 30] = [
        Self::AwsKeyId,
        Self::AzureCask,
        Self::AzureDevops,
        Self::AzureKey,
        Self::Base58,
        Self::BasicAuth,
        Self::Bech32,
        Self::Bip32,
        Self::Bip39,
        Self::Chosen,
        Self::Confluent,
        Self::Discord,
        Self::Entra,
        Self::Github,
        Self::GitlabRoutable,
        Self::GoogleServiceAccount,
        Self::Grafana,
        Self::Json,
        Self::Jwt,
        Self::Mixed,
        Self::Npm,
        Self::Pem,
        Self::Pgp,
        Self::Pypi,
        Self::SignedUrl,
        Self::Totp,
        Self::Uuid,
        Self::VendorWord,
        Self::Wif,
        Self::Zuplo,
    ];

    /// The name in packs, how much it is worth, and what it looks at.
    const fn told(self) -> (&'static str, Strength, &'static str) {
        use Strength::{Attribution, Proof, Shape, Supposed};
        match self {
            Self::AwsKeyId => (
                "aws-key-id",
                Attribution,
                "AWS access key id: the account number in its Base32",
            ),
            Self::AzureCask => (
                "azure-cask",
                Supposed,
                "Azure common annotated key: Marvin-32 in Base62 behind 80 characters",
            ),
            Self::AzureDevops => (
                "azure-devops",
                Supposed,
                "Azure DevOps token of 52 characters: seeded CRC-32 inside",
            ),
            Self::AzureKey => (
                "azure-key",
                Supposed,
                "Azure key with its resource's word inside: Marvin-32 in the last four bytes",
            ),
            Self::Base58 => ("base58", Proof, "Base58Check: four bytes of double SHA-256"),
            Self::BasicAuth => ("basic-auth", Shape, "Base64 of user, colon, password"),
            Self::Bech32 => (
                "bech32",
                Proof,
                "Bech32 or Bech32m: BCH code over prefix and data",
            ),
            Self::Bip32 => (
                "bip32",
                Proof,
                "extended key of BIP 32: Base58Check over 78 bytes with a private key",
            ),
            Self::Bip39 => (
                "bip39",
                Proof,
                "recovery phrase of BIP 39: English words, SHA-256 in the last bits",
            ),
            Self::Chosen => (
                "chosen",
                Shape,
                "a template, a reference or a placeholder; what is none says nothing",
            ),
            Self::Confluent => (
                "confluent",
                Supposed,
                "Confluent secret: CRC-32 of 54 characters in Base64",
            ),
            Self::Discord => (
                "discord",
                Shape,
                "Discord token: its first part decodes to a decimal id",
            ),
            Self::Entra => (
                "entra",
                Proof,
                "Entra client secret with `8Q~`: Marvin-32 in the last three characters",
            ),
            Self::Github => (
                "github",
                Proof,
                "forge token: CRC-32 of 30 characters in Base62, last six",
            ),
            Self::GitlabRoutable => (
                "gitlab-routable",
                Proof,
                "routable token: CRC-32 of all before it in Base36, last seven",
            ),
            Self::GoogleServiceAccount => (
                "google-service-account",
                Proof,
                "service account file: every needed field, and a private key that parses",
            ),
            Self::Grafana => (
                "grafana",
                Proof,
                "Grafana service account token: CRC-32 as eight hex digits, lowest byte first",
            ),
            Self::Json => ("json", Shape, "a Base64 part decodes to a JSON object"),
            Self::Jwt => (
                "jwt",
                Proof,
                "JSON web token: header with `alg`, payload an object; `none` and the role `anon` make a note, an example as issuer makes it low; `exp` ends it",
            ),
            Self::Mixed => (
                "mixed",
                Shape,
                "reads like an identifier, not like a token; what does not says nothing",
            ),
            Self::Npm => (
                "npm",
                Supposed,
                "npm token: the scheme of `github`, as announced",
            ),
            Self::Pem => (
                "pem",
                Proof,
                "private key in any quoting: DER or OpenSSH's format, whole; public halves and keys cut within theirs fail",
            ),
            Self::Pgp => (
                "pgp",
                Proof,
                "OpenPGP block: begins with a secret key packet; CRC-24 where it is there",
            ),
            Self::Pypi => (
                "pypi",
                Proof,
                "Python index token: version 2 macaroon of the index's host",
            ),
            Self::SignedUrl => (
                "signed-url",
                Attribution,
                "signed address: the day its query says it ends",
            ),
            Self::Totp => (
                "totp",
                Shape,
                "seed of one-time passwords: Base32 of ten bytes or more",
            ),
            Self::Uuid => ("uuid", Shape, "UUID of a known version, not all alike"),
            Self::VendorWord => (
                "vendor-word",
                Shape,
                "Base64 of text that begins with the vendor's word (JFrog, Bedrock)",
            ),
            Self::Wif => (
                "wif",
                Proof,
                "wallet import format: Base58Check over one private key",
            ),
            Self::Zuplo => (
                "zuplo",
                Supposed,
                "Zuplo key: CRC-32 of 32 characters as eight hex digits",
            ),
        }
    }

    /// The name in packs.
    pub const fn name(self) -> &'static str {
        self.told().0
    }

    /// How much it is worth.
    pub const fn strength(self) -> Strength {
        self.told().1
    }

    /// What it looks at, in a phrase.
    pub const fn about(self) -> &'static str {
        self.told().2
    }

    /// The check of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Judges a value that stands alone.
    pub fn verify(self, value: &[u8]) -> Outcome {
        self.verify_in(value, value)
    }

    /// Judges a value; `around` is the whole match it was taken from.
    pub fn verify_in(self, value: &[u8], around: &[u8]) -> Outcome {
        match self {
            Self::AwsKeyId => aws_key_id(value),
            Self::AzureCask => cask::key(value),
            Self::AzureDevops => azure::devops(value),
            Self::AzureKey => azure::key(value),
            Self::Base58 => base::base58(value),
            Self::BasicAuth => shape::basic_auth(value),
            Self::Bech32 => base::bech32(value),
            Self::Bip32 => wallet::extended(value),
            Self::Bip39 => mnemonic::phrase(value),
            Self::Chosen => chosen(value),
            Self::Confluent => crc::confluent(value),
            Self::Discord => shape::discord(value),
            Self::Entra => azure::entra(value),
            Self::Github | Self::Npm => crc::github(value),
            Self::GitlabRoutable => crc::gitlab(value),
            Self::GoogleServiceAccount => google::service_account(value, around),
            Self::Grafana => crc::grafana(value),
            Self::Json => json::part(value),
            Self::Jwt => jwt::verify(value),
            Self::Mixed => words::mixed(value),
            Self::Pem => der::pem(value),
            Self::Pgp => pgp::secret_key(value),
            Self::Pypi => macaroon::pypi(value),
            Self::SignedUrl => Outcome::Unclear,
            Self::Totp => shape::seed(value),
            Self::Uuid => shape::uuid(value),
            Self::VendorWord => shape::word(value),
            Self::Wif => wallet::wif(value),
            Self::Zuplo => crc::zuplo(value),
        }
    }

    /// The last day on which the value may be worth something, where it says one itself; `around`
    /// is the whole match it was taken from.
    pub fn until(self, value: &[u8], around: &[u8]) -> Option<Day> {
        match self {
            Self::Jwt => jwt::until(value),
            Self::SignedUrl => expiry::of_address(around),
            _ => None,
        }
    }

    /// The characters which, appended to `token`, make the check hold; `None` where there are
    /// none to append. For examples in packs.
    pub(crate) fn complete(self, token: &[u8]) -> Option<String> {
        match self {
            Self::AzureCask => cask::complete(token),
            Self::AzureDevops => azure::devops_complete(token),
            Self::AzureKey => azure::key_complete(token),
            Self::Bech32 => base::bech32_complete(token),
            Self::Bip32 | Self::Wif => base::base58_complete(token),
            Self::Bip39 => mnemonic::complete(token),
            Self::Confluent => crc::confluent_tail(token),
            Self::Entra => azure::entra_complete(token),
            Self::Github | Self::Npm => crc::github_tail(token),
            Self::GitlabRoutable => crc::gitlab_tail(token),
            Self::Grafana => crc::grafana_tail(token),
            Self::Zuplo => crc::zuplo_tail(token),
            _ => None,
        }
    }
}

/// The account an AWS access key id belongs to: attribution, not validity. Bits 7 to 46 of the
/// first six bytes of the Base32 part.
pub fn aws_account(key_id: &[u8]) -> Option<u64> {
    let bytes = base::base32(key_id.get(4..20)?)?;
    let mut first = [0u8; 8];
    first.get_mut(2..)?.copy_from_slice(bytes.get(..6)?);
    let account = (u64::from_be_bytes(first) & 0x7fff_ffff_ff80) >> 7;
    (account <= 999_999_999_999).then_some(account)
}

/// Account numbers have twelve digits; nearly all of chance's have as well.
fn aws_key_id(key_id: &[u8]) -> Outcome {
    match aws_account(key_id) {
        Some(_) => Outcome::Holds,
        None => Outcome::Unclear,
    }
}

/// What stands where nothing but a secret can, and is told from what stands in its stead.
fn chosen(value: &[u8]) -> Outcome {
    match crate::shapeless::is_chosen(value) {
        true => Outcome::Unclear,
        false => Outcome::Fails,
    }
}

fn holds(good: bool) -> Outcome {
    if good { Outcome::Holds } else { Outcome::Fails }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found_again() {
        let names: Vec<&str> = Check::ALL.iter().map(|c| c.name()).collect();
        assert!(names.is_sorted());
        assert!(
            Check::ALL
                .iter()
                .all(|&c| Check::from_name(c.name()) == Some(c))
        );
    }

    #[test]
    fn an_account_is_read_from_the_vendors_documentation_id() {
        let id = concat!("AKIA", "IOSFODNN7", "EXAMPLE");
        assert_eq!(aws_account(id.as_bytes()), Some(581_039_954_779));
    }

    #[test]
    fn no_check_panics_on_odd_values() {
        let mut values: Vec<Vec<u8>> = vec![vec![], vec![b'.'; 3], vec![b'='; 90], vec![0xff; 88]];
        for n in 0..100 {
            values.push(vec![b'A'; n]);
            values.push((0..n).map(|i| b"eyJ.-_:~1"[i % 9]).collect());
        }
        for check in Check::ALL {
            for value in &values {
                let _ = check.verify(value);
                let _ = check.complete(value);
            }
        }
    }
}
