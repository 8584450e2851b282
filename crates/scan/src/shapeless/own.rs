//! Whether a password is that of a server which is started for what uses it.

use std::ops::Range;

use super::words::{begins, holds, is_any};

/// Names by which images of servers are told the password they begin with.
const IMAGES: &[&[u8]] = &[
    b"postgres_password",
    b"postgresql_password",
    b"postgresql_postgres_password",
    b"pgpassword",
    b"pgadmin_default_password",
    b"mysql_root_password",
    b"mysql_password",
    b"mysql_pwd",
    b"mariadb_root_password",
    b"mariadb_password",
    b"mssql_sa_password",
    b"sa_password",
    b"oracle_password",
    b"oracle_pwd",
    b"db2inst1_password",
    b"minio_root_password",
    b"minio_secret_key",
    b"minio_kms_secret_key",
    b"rabbitmq_default_pass",
    b"mongo_initdb_root_password",
    b"keycloak_admin_password",
    b"kc_bootstrap_admin_password",
    b"elastic_password",
    b"redis_password",
    b"clickhouse_password",
    b"couchdb_password",
    b"arango_root_password",
    b"cassandra_password",
    b"ldap_admin_password",
    b"ldap_config_password",
    b"gf_security_admin_password",
    b"docker_influxdb_init_password",
    b"docker_influxdb_init_admin_token",
    b"activemq_admin_password",
    b"artemis_password",
    b"vault_dev_root_token_id",
];

/// Whether `name` is one that an image knows, or what stands behind the value at `value` is a host of
/// this machine or of its neighbours: `@localhost`, `@127.0.0.1:9000`, `@rmq0/`.
pub(super) fn is_own(name: Option<&[u8]>, text: &[u8], value: &Range<usize>) -> bool {
    if name.is_some_and(|n| is_any(n, IMAGES)) {
        return true;
    }
    let host = host(text, value);
    let near = !host.contains(&b'.') && (2..64).contains(&host.len());
    near || begins(host, b"127.0.0.") || host == b"0.0.0.0"
}

/// Whether the host behind the value at `value` is one that everybody has to put their own for:
/// `@my_proxy`.
pub(super) fn is_anybodys(text: &[u8], value: &Range<usize>) -> bool {
    // The user and password that Oracle's manuals know since 1977.
    let before = text.get(value.start.saturating_sub(6)..value.start);
    let tiger = text.get(value.clone()) == Some(b"tiger");
    if tiger && before.is_some_and(|user| user.eq_ignore_ascii_case(b"scott:")) {
        return true;
    }
    let host = host(text, value);
    let meant = [&b"my_"[..], b"myhost", b"myserver"];
    // With a domain behind it, it is the name of one that runs.
    !host.contains(&b'.') && meant.iter().any(|w| begins(host, w))
}

/// Whether the value at `value` stands for a variable that is not set: `${DB_PASSWORD:postgres}`.
pub(super) fn is_fallback(text: &[u8], value: &Range<usize>) -> bool {
    let before = text.get(value.start.saturating_sub(80)..value.start);
    let before = before.unwrap_or_default();
    let before = before.strip_suffix(b"-").unwrap_or(before);
    let Some(before) = before.strip_suffix(b":") else {
        return false;
    };
    let of = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let name = before.iter().rev().take_while(of).count();
    name > 0
        && before
            .get(..before.len() - name)
            .is_some_and(|b| b.ends_with(b"${"))
}

/// Whether a name is that of what holds where nobody sets another: `DEFAULT_PASSWORD`.
pub(super) fn is_default(name: &[u8]) -> bool {
    let name = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    let next = name.get(b"default".len()).copied().unwrap_or(0);
    begins(name, b"default") && (matches!(next, b'_' | b'-') || next.is_ascii_uppercase())
}

/// Whether the name at `name` stands in the address of a badge: `badge.svg?token=...`.
pub(super) fn is_badge(text: &[u8], name: usize) -> bool {
    let before = text.get(name.saturating_sub(80)..name).unwrap_or_default();
    let line = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    let line = before.get(line..).unwrap_or_default();
    holds(line, b".svg?") || holds(line, b"img.shields.io/")
}

/// Whether the name at `name` stands behind the second at which its address ends:
/// `?e=1576142006&token=...`.
pub(super) fn is_passing(text: &[u8], name: usize) -> bool {
    let before = text.get(name.saturating_sub(32)..name).unwrap_or_default();
    let before = before
        .strip_suffix(b"&amp;")
        .or_else(|| before.strip_suffix(b"&"));
    let Some(before) = before else { return false };
    let digits = before.iter().rev().take_while(|b| b.is_ascii_digit());
    let count = digits.count();
    let head = before.get(..before.len() - count).unwrap_or_default();
    count == 10 && (head.ends_with(b"?e=") || head.ends_with(b"&e="))
}

/// The host behind the value of an address.
fn host<'t>(text: &'t [u8], value: &Range<usize>) -> &'t [u8] {
    let rest = text.get(value.end..).unwrap_or_default();
    let Some(rest) = rest.strip_prefix(b"@") else {
        return &[];
    };
    let of = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let length = rest.iter().take(64).take_while(of).count();
    rest.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(name: &str, text: &str) -> bool {
        let end = text.find('@').unwrap_or(text.len());
        is_own(Some(name.as_bytes()), text.as_bytes(), &(0..end))
    }

    #[test]
    fn hosts_without_a_domain_are_near() {
        for near in [
            "x@localhost:80",
            "x@db:5432",
            "x@127.0.0.1",
            "x@rmq0/%2f",
            "x@queue",
        ] {
            assert!(own("", near), "{near}");
        }
        for far in ["x@db.acme.net", "x@10.1.2.3", "x", "x@", "x@${HOST}"] {
            assert!(!own("", far), "{far}");
        }
    }

    #[test]
    fn a_variable_may_have_a_fallback() {
        let at = |text: &str| {
            let start = text.find("garden").unwrap_or(0);
            is_fallback(text.as_bytes(), &(start..start + 6))
        };
        assert!(at("pw: ${DB_PASSWORD:garden}"));
        assert!(at("pw: ${DB_PASSWORD:-garden}"));
        for none in ["pw: garden", "pw:garden", "${garden}", "a:garden"] {
            assert!(!at(none), "{none}");
        }
    }

    #[test]
    fn badges_are_seen_by_everybody() {
        let badge = b"![x](https://ci.acme.net/a/badge.svg?token=";
        assert!(is_badge(badge, badge.len() - 6));
        assert!(!is_badge(b"https://ci.acme.net/a?token=", 22));
        assert!(!is_badge(b"a.svg?x\nhttps://ci.acme.net/a?token=", 30));
    }

    #[test]
    fn addresses_say_when_they_end() {
        for ends in ["a.net/x?e=1576142006&token=", "a?b&e=1576142006&amp;token="] {
            assert!(is_passing(ends.as_bytes(), ends.len() - 6), "{ends}");
        }
        for stays in ["a?token=", "a?e=157&token=", "a?le=1576142006&token="] {
            assert!(!is_passing(stays.as_bytes(), stays.len() - 6), "{stays}");
        }
    }

    #[test]
    fn images_know_their_names() {
        assert!(own("POSTGRES_PASSWORD", "x"));
        assert!(!own("SHOP_PASSWORD", "x"));
    }
}
