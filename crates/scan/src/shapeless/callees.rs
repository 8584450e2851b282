//! Functions that take a secret by its place: `connect("host", "user", "...")`, `aes.new("...")`.

use super::evidence::Fact;
use super::extent;
use super::operator::{Lead, at, blanks, is_quote, space};
use super::words;

/// Longest argument before a secret's.
pub(super) const ARGUMENT: usize = 120;
/// Most arguments that are counted.
const ARGUMENTS: usize = 5;
/// Bytes before a call in which somebody is asked for a password.
const ASKED: usize = 200;

/// Which argument is the secret, counted from 1.
#[derive(Clone, Copy)]
pub(super) enum Place {
    At(usize),
    /// The second, or the third of three where the first is no text: `login(conn, "u", "...")`.
    Login,
    /// The third text, whatever stands before: `connect("host", 22, "u", "...")`.
    Third,
    /// The last of two texts and more.
    Last,
    /// The first, or Go's second: `hmac.New(sha256.New, []byte("..."))`.
    Bytes,
    /// The first, where a password was asked for before: `sendline("...")`.
    Asked,
}

/// Functions, lower case. What is read nowhere else is nothing: `connect = "..."`.
const PASSWORDS: &[(&[u8], Place)] = &[
    (b"login(", Place::Login),
    (b"authenticate(", Place::Login),
    (b"signin(", Place::Login),
    (b"sign_in(", Place::Login),
    (b"auth(", Place::Login),
    (b"auth=(", Place::At(2)),
    (b"passwordtoken(", Place::At(2)),
    (b"authenticationtoken(", Place::At(2)),
    (b"networkcredential(", Place::At(2)),
    (b"passwordcredentials(", Place::At(2)),
    (b"passwordauthentication(", Place::At(2)),
    (b"getconnection(", Place::At(3)),
    (b"connect(", Place::Third),
    (b"mysqli(", Place::At(3)),
    (b"pdo(", Place::At(3)),
    (b"ftp(", Place::At(3)),
    (b"ftp_tls(", Place::At(3)),
    (b"ldap_bind(", Place::At(3)),
    (b"simple_bind_s(", Place::At(2)),
    (b"simple_bind(", Place::At(2)),
    (b"pw_set(", Place::At(2)),
    (b"credentials.basic(", Place::At(2)),
    (b"plainauth(", Place::At(3)),
    (b"userpassword(", Place::At(2)),
    (b"new sequelize(", Place::At(3)),
    (b"wifi.begin(", Place::At(2)),
    (b"httpbasic(", Place::At(2)),
    (b"passwordcredential(", Place::At(2)),
    (b"authprovider(", Place::At(2)),
    (b"ftp.new(", Place::At(3)),
    (b"ldap.bind(", Place::At(2)),
    (b"bcrypt(", Place::At(1)),
    (b"hash::make(", Place::At(1)),
    (b"hashsync(", Place::At(1)),
    (b"hashpw(", Place::At(1)),
    (b"password_hash(", Place::At(1)),
    (b"make_password(", Place::At(1)),
    (b"createasync(", Place::At(2)),
    (b"openorcreatedatabase(", Place::At(2)),
    (b"getwritabledatabase(", Place::At(1)),
    (b"getreadabledatabase(", Place::At(1)),
    (b"imap_open(", Place::At(3)),
    (b"ssh2_auth_password(", Place::At(3)),
    (b"set_authentication(", Place::At(3)),
    (b"credentials(", Place::Last),
    (b"database(", Place::Third),
    (b"sendline(", Place::Asked),
];

/// Functions that are handed a key.
const KEYS: &[(&[u8], Place)] = &[
    (b"jwt.sign(", Place::At(2)),
    (b"jwt.verify(", Place::At(2)),
    (b"jwt.encode(", Place::At(2)),
    (b"jwt.decode(", Place::At(2)),
    (b"jwt::encode(", Place::At(2)),
    (b"signwith(", Place::At(2)),
    (b"signedstring(", Place::At(1)),
    (b"hmacshakeyfor(", Place::At(1)),
    (b"hmac256(", Place::At(1)),
    (b"hmac512(", Place::At(1)),
    (b"securitykey(", Place::At(1)),
    (b"createhmac(", Place::At(2)),
    (b"hash_hmac(", Place::At(3)),
    (b"hmac.hexdigest(", Place::At(2)),
    (b"cookieparser(", Place::At(1)),
    (b"secretkeyspec(", Place::At(1)),
    (b"deskeyspec(", Place::At(1)),
    (b"aes.new(", Place::At(1)),
    (b"hmac.new(", Place::Bytes),
    (b"newcipher(", Place::At(1)),
    (b"fernet(", Place::At(1)),
    (b"totp(", Place::At(1)),
    (b"encrypt(", Place::At(2)),
    (b"decrypt(", Place::At(2)),
    (b"createcipher(", Place::At(2)),
    (b"createcipheriv(", Place::At(2)),
    (b"createdecipher(", Place::At(2)),
    (b"createdecipheriv(", Place::At(2)),
    (b"openssl_encrypt(", Place::At(3)),
    (b"openssl_decrypt(", Place::At(3)),
    (b"mcrypt_encrypt(", Place::At(2)),
    (b"mcrypt_decrypt(", Place::At(2)),
    (b"timedserializer(", Place::At(1)),
    (b"oauthhandler(", Place::At(2)),
    (b"twitteroauth(", Place::At(2)),
    (b"oauth1(", Place::At(2)),
    (b"oauth2client(", Place::At(2)),
    (b"github(", Place::At(1)),
    (b"minio(", Place::At(3)),
    (b"minio.new(", Place::At(3)),
    (b"acsclient(", Place::At(2)),
    (b"getprofile(", Place::At(3)),
    (b"newstaticcredentials(", Place::At(2)),
    (b"credentialsprovider(", Place::At(2)),
    (b"newstaticv4(", Place::At(2)),
    (b"razorpayclient(", Place::At(2)),
    (b"twilio(", Place::At(2)),
    (b"twilio.init(", Place::At(2)),
    (b"pusher(", Place::At(3)),
];

/// Statements that hand over a secret without parentheses; the last sign of each begins the first
/// argument or stands before it.
const STATEMENTS: &[(&[u8], Place)] = &[
    (b"basic_auth '", Place::At(2)),
    (b"basic_auth \"", Place::At(2)),
    (b"provider :", Place::At(3)),
    (b"omniauth :", Place::At(3)),
    (b"sp_addlinkedsrvlogin ", Place::At(5)),
    (b"sp_addlogin ", Place::At(2)),
];

/// What a function or a statement takes.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    Password(Place),
    Key(Place),
}

/// What the function `word` takes, which ends with its parenthesis.
pub(super) fn known(word: &[u8]) -> Option<Takes> {
    let is = |table: &[(&[u8], Place)]| {
        let known = table
            .iter()
            .find(|(call, _)| word.eq_ignore_ascii_case(call));
        known.map(|(_, place)| *place)
    };
    let password = is(PASSWORDS).map(Takes::Password);
    password.or_else(|| is(KEYS).map(Takes::Key))
}

/// What the statement `word` takes.
pub(super) fn statement(word: &[u8]) -> Option<Place> {
    let known = STATEMENTS
        .iter()
        .find(|(call, _)| word.eq_ignore_ascii_case(call));
    known.map(|(_, place)| *place)
}

/// The literal that a function is handed at `place`; its parenthesis stands before `open`.
pub(super) fn call(
    text: &[u8],
    word: &[u8],
    start: usize,
    open: usize,
    place: Place,
) -> Option<Lead> {
    let before = start.checked_sub(1).map_or(0, |i| at(text, i));
    let small = word.first().is_some_and(u8::is_ascii_lowercase);
    // `oauth(`, `stir_auth(`, `reauthenticate(`, `disconnect(` are other functions.
    let basic = text.get(..start).is_some_and(|b| b.ends_with(b"basic_"));
    let other = words::begins(word, b"auth(") && matches!(before, b'_' | b'O' | b'o') && !basic;
    if other || (small && before.is_ascii_lowercase()) {
        return None;
    }
    // Oracle's take the base last: `oci_connect("u", "...", "host/base")`.
    let oracle = [&b"oci_"[..], b"racle.", b"racledb."];
    let head = text.get(..start).unwrap_or_default();
    let place = match place {
        Place::Third if oracle.iter().any(|o| head.ends_with(o)) => Place::At(2),
        // `redis.auth("...")`
        Place::Login if words::begins(word, b"auth(") && matches!(before, b'.' | b':' | b'>') => {
            let rest = text.get(open..text.len().min(open + ARGUMENT))?;
            let second = argument(rest)
                .and_then(|n| rest.get(n + 1..))
                .unwrap_or_default();
            match begins_literal(rest) && !begins_literal(second.trim_ascii_start()) {
                true => Place::At(1),
                false => place,
            }
        }
        // `NtlmPasswordAuthentication("domain", "u", "...")`
        Place::At(2) if head.ends_with(b"Ntlm") => Place::At(3),
        Place::Asked => {
            let near = text.get(start.saturating_sub(ASKED)..start)?;
            let asked = [&b"assword"[..], b"assphrase", b"ssh ", b"su "];
            asked
                .iter()
                .any(|w| words::holds(near, w))
                .then_some(Place::At(1))?
        }
        place => place,
    };
    let mut texts = 0;
    let mut first_is_text = false;
    let mut i = open;
    for n in 1..=ARGUMENTS {
        i = space(text, i);
        let literal = begins_literal(text.get(i..)?);
        texts += usize::from(literal);
        first_is_text |= n == 1 && literal;
        let found = match place {
            Place::At(place) => n == place,
            Place::Login => {
                let last = argument(text.get(i..text.len().min(i + ARGUMENT))?).is_none();
                (n == 2 && (first_is_text || last || !literal)) || n == 3
            }
            Place::Third => texts == 3 && literal,
            Place::Bytes => (n == 1 && literal) || n == 2,
            Place::Last => {
                let rest = text.get(i..text.len().min(i + ARGUMENT))?;
                texts > 1 && literal && argument(rest).is_none()
            }
            Place::Asked => false,
        };
        if found {
            let bytes = n == 1 || text.get(i..)?.starts_with(b"[]byte(");
            let taken = literal && (bytes || !matches!(place, Place::Bytes));
            return taken.then(|| Lead::quoted(Fact::Handed, i));
        }
        i += argument(text.get(i..text.len().min(i + ARGUMENT))?)?;
        i = blanks(text, i) + 1;
    }
    None
}

/// `"..."`, `b'...'`, `Some("...")`, `[]byte("...")`.
fn begins_literal(text: &[u8]) -> bool {
    if extent::wrapper(text).is_some() {
        return true;
    }
    let prefix = text
        .iter()
        .take(2)
        .take_while(|b| b"bBrRuUN@".contains(b))
        .count();
    text.get(prefix).is_some_and(|b| is_quote(*b))
}

/// The length of an argument that a comma follows: a literal, a name, or what is in brackets.
pub(super) fn argument(text: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    let mut open = 0u8;
    let mut skip = false;
    for (i, &b) in text.iter().enumerate() {
        match b {
            _ if skip => skip = false,
            b'\\' => skip = true,
            _ if open != 0 => {
                if b == b'\n' {
                    return None;
                }
                if b == open {
                    open = 0;
                }
            }
            b'"' | b'\'' | b'`' => open = b,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                let blank = text.get(..i)?.iter().rev();
                let blank = blank.take_while(|b| b.is_ascii_whitespace()).count();
                return (i > blank).then_some(i - blank);
            }
            b';' => return None,
            _ => {}
        }
    }
    None
}
