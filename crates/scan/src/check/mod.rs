//! What a value says about itself, offline: checksums, decoded shapes. Never asks a provider.
//!
//! Algorithms are public: vendors' own announcements and sources, RFCs and BIPs, named at each.

mod azure;
mod base;
mod crc;
mod der;
mod shape;

/// An offline check, by the name packs give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// AWS access key id: the account number decodes. Never fails, may not hold.
    AwsKeyId,
    /// Azure DevOps token of 52 characters: seeded CRC-32.
    AzureDevops,
    /// Azure keys with a signature inside: Marvin-32 in the last four bytes.
    AzureKey,
    /// Base58 with four bytes of double SHA-256.
    Base58,
    /// `user:password` in Base64.
    BasicAuth,
    /// Bech32 and Bech32m.
    Bech32,
    /// CRC-32 of 54 characters, Base64.
    Confluent,
    /// First part decodes to a decimal id.
    Discord,
    /// Client secret with `8Q~`: Marvin-32 in the last three characters.
    Entra,
    /// CRC-32 of the body in Base62, last six characters.
    Github,
    /// Routable token: length and CRC-32 in Base36.
    GitlabRoutable,
    /// CRC-32 as eight hex digits, little-endian.
    Grafana,
    /// A Base64 part decodes to a JSON object.
    Json,
    /// Header and payload are JSON objects.
    Jwt,
    /// The scheme of `github`, as announced for npm.
    Npm,
    /// A block of PEM holds a private key's DER (or an envelope that says so).
    Pem,
    /// Macaroon of the Python index.
    Pypi,
    /// CRC-32 of 32 characters as eight hex digits.
    Zuplo,
}

/// What a check says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The value proves itself.
    Holds,
    /// The value is not what its shape claims.
    Fails,
    /// The check has nothing to say about this form.
    Unclear,
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
    pub const ALL: [Self; 18] = [
        Self::AwsKeyId,
        Self::AzureDevops,
        Self::AzureKey,
        Self::Base58,
        Self::BasicAuth,
        Self::Bech32,
        Self::Confluent,
        Self::Discord,
        Self::Entra,
        Self::Github,
        Self::GitlabRoutable,
        Self::Grafana,
        Self::Json,
        Self::Jwt,
        Self::Npm,
        Self::Pem,
        Self::Pypi,
        Self::Zuplo,
    ];

    /// The name in packs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsKeyId => "aws-key-id",
            Self::AzureDevops => "azure-devops",
            Self::AzureKey => "azure-key",
            Self::Base58 => "base58",
            Self::BasicAuth => "basic-auth",
            Self::Bech32 => "bech32",
            Self::Confluent => "confluent",
            Self::Discord => "discord",
            Self::Entra => "entra",
            Self::Github => "github",
            Self::GitlabRoutable => "gitlab-routable",
            Self::Grafana => "grafana",
            Self::Json => "json",
            Self::Jwt => "jwt",
            Self::Npm => "npm",
            Self::Pem => "pem",
            Self::Pypi => "pypi",
            Self::Zuplo => "zuplo",
        }
    }

    /// The check of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Whether the vendor published the algorithm and it was recomputed: a failure of one that
    /// was not lowers confidence only, never severity.
    pub(crate) const fn is_proven(self) -> bool {
        !matches!(
            self,
            Self::Npm | Self::Confluent | Self::Zuplo | Self::AzureKey | Self::AzureDevops
        )
    }

    /// Judges a value.
    pub fn verify(self, value: &[u8]) -> Outcome {
        match self {
            Self::AwsKeyId => match aws_account(value) {
                Some(_) => Outcome::Holds,
                None => Outcome::Unclear,
            },
            Self::AzureDevops => azure::devops(value),
            Self::AzureKey => azure::key(value),
            Self::Base58 => base::base58(value),
            Self::BasicAuth => shape::basic_auth(value),
            Self::Bech32 => base::bech32(value),
            Self::Confluent => crc::confluent(value),
            Self::Discord => shape::discord(value),
            Self::Entra => azure::entra(value),
            Self::Github | Self::Npm => crc::github(value),
            Self::GitlabRoutable => crc::gitlab(value),
            Self::Grafana => crc::grafana(value),
            Self::Json => shape::json_part(value),
            Self::Jwt => shape::jwt(value),
            Self::Pem => der::pem(value),
            Self::Pypi => shape::pypi(value),
            Self::Zuplo => crc::zuplo(value),
        }
    }

    /// The characters which, appended to `token`, make the check hold; `None` where there are
    /// none to append. For examples in packs.
    pub(crate) fn complete(self, token: &[u8]) -> Option<String> {
        match self {
            Self::AzureDevops => azure::devops_complete(token),
            Self::AzureKey => azure::key_complete(token),
            Self::Bech32 => base::bech32_complete(token),
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
