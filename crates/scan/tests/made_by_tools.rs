//! Files that real programs made: a database, archives, documents. Skipped where python3 is away.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use std::process::Command;

use lychgate_model::ObjectKind;

const SCRIPT: &str = r#"
import gzip, io, os, sqlite3, sys, tarfile, zipfile
folder, value = sys.argv[1], sys.argv[2]
line = ('token = "%s"\n' % value).encode()
def at(name): return os.path.join(folder, name)
db = sqlite3.connect(at('app.sqlite'))
db.execute('create table logins (id integer, secret text)')
db.execute('insert into logins values (1, ?)', (value,))
db.commit(); db.close()
db = sqlite3.connect(at('wide.sqlite'))
db.execute('pragma encoding = "UTF-16le"')
db.execute('create table logins (id integer, secret text)')
db.execute('insert into logins values (1, ?)', (value,))
db.commit(); db.close()
def archive(name, member, content, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(at(name), 'w', method) as z:
        z.writestr('META-INF/MANIFEST.MF', 'Manifest-Version: 1.0\n')
        z.writestr(member, content)
archive('app.jar', 'application.properties', line)
archive('stored.zip', 'a/b.txt', line, zipfile.ZIP_STORED)
half = len(value) // 2
archive('letter.docx', 'word/document.xml', '<?xml version="1.0"?><w:document><w:p><w:r><w:t>%s</w:t></w:r><w:r><w:t>%s</w:t></w:r></w:p></w:document>' % (value[:half], value[half:]))
archive('stored.docx', 'word/document.xml', '<?xml version="1.0"?><w:document><w:p><w:r><w:t>%s</w:t></w:r><w:r><w:t>%s</w:t></w:r></w:p></w:document>' % (value[:half], value[half:]), zipfile.ZIP_STORED)
archive('bare.docx', 'word/document.xml', '<w:document><w:p><w:r><w:t>%s</w:t></w:r><w:r><w:t>%s</w:t></w:r></w:p></w:document>' % (value[:half], value[half:]))
archive('table.xlsx', 'xl/sharedStrings.xml', '<?xml version="1.0"?><sst><si><t>%s</t></si></sst>' % value)
with tarfile.open(at('a.tar.gz'), 'w:gz') as t:
    info = tarfile.TarInfo('conf/app.ini'); info.size = len(line)
    t.addfile(info, io.BytesIO(line))
with gzip.open(at('log.gz'), 'wb') as g: g.write(line)
"#;

const FILES: [&str; 10] = [
    "app.sqlite",
    "wide.sqlite",
    "app.jar",
    "stored.zip",
    "letter.docx",
    "stored.docx",
    "bare.docx",
    "table.xlsx",
    "a.tar.gz",
    "log.gz",
];

#[test]
fn what_programs_write_is_read() {
    for (value, want) in [(fixture::token(5), 1), ("no token at all".to_owned(), 0)] {
        let folder = tempfile::tempdir().unwrap();
        let mut python = Command::new("python3");
        let made = python.arg("-c").arg(SCRIPT).arg(folder.path()).arg(&value);
        match made.status() {
            Ok(status) => assert!(status.success()),
            Err(_) => return,
        }
        for name in FILES {
            let bytes = std::fs::read(folder.path().join(name)).unwrap();
            let out = fixture::scan(ObjectKind::Blob, &bytes);
            assert_eq!(fixture::ids(&out).len(), want, "{name}: {:?}", out.findings);
        }
    }
}
