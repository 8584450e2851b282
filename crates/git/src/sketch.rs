// SKETCH of the public interface of lychgate-git. The implementers own the real files.
pub struct Environment { /* cwd + every GIT_* variable that matters, parsed once from an iterator of (OsString, OsString) */ }
impl Environment { pub fn new(cwd: PathBuf, vars: impl Iterator<Item=(OsString, OsString)>) -> Self; }

pub enum Error { NotARepository{..}, Unsupported{what}, Ownership{..}, Corrupt{what}, Missing{id}, TooLarge{..}, Io{op, path, source}, .. }
impl Error { pub fn reason(&self) -> lychgate_model::ReasonCode }   // Unreadable / Unsupported

pub struct Repository;
impl Repository {
    pub fn open(env: &Environment) -> Result<Self, Error>;      // own discovery; no gix::open; checks extensions.*, ownership (PE-22), shallow
    pub fn hash_kind(&self) -> HashKind;
    pub fn git_dir(&self) -> &Path; pub fn common_dir(&self) -> &Path; pub fn work_tree(&self) -> Option<&Path>;
    pub fn is_shallow_push(&self) -> bool;                      // GIT_SHALLOW_FILE set to something non-empty
    pub fn head(&self) -> Result<Head, Error>;                  // { branch: Option<Vec<u8>>, commit: Option<ObjectId> }
    pub fn resolve(&self, spec: &[u8]) -> Result<ObjectId, Error>; // full/short ref name, hex id (abbreviated if cheap), HEAD, with ^{commit} peeling, ~N, ^N
    pub fn for_each_ref(&self, f: &mut dyn FnMut(&[u8] /*name*/, ObjectId /*direct target*/)) -> Result<(), Error>; // loose over packed; reftable too
    /// Content of one object in pieces: `begin(kind, size)` once, then `data` for each piece (<= limits::CHUNK).
    pub fn read(&self, id: ObjectId, sink: &mut dyn ObjectSink) -> Result<(), Error>;
    pub fn document(&self, path: &[u8], side: Where) -> Result<DocumentContent..., Error>; // Head tree | index | tree of a commit
}
pub trait ObjectSink { fn begin(&mut self, kind: ObjectKind, size: u64) -> ControlFlow<()>; fn data(&mut self, piece: &[u8]) -> ControlFlow<()>; }

/// HEAD tree against the index git names. Pushes each Change in path order.
pub fn staged(repo: &Repository, env: &Environment, sink: &mut dyn FnMut(Change) -> ControlFlow<()>) -> Result<(), Error>;

/// Where hit objects stand in a staged change (old sides at HEAD and every MERGE_HEAD / GITHEAD_*; deleted sides).
pub fn staged_places(repo, env, wanted: &HashSet<ObjectId>, sink: &mut dyn FnMut(Place)) -> Result<(), Error>;

/// What a push, a range, or a whole repository brings.
pub struct NewObjects<'r>;
impl NewObjects<'r> {
    pub fn of_push(repo, env, refs: &[RefUpdate], counts: &dyn Fn(&[u8]) -> bool) -> Result<Self, Error>;    // pre-receive, update
    pub fn of_outgoing(repo, lines: &[PrePushLine], remote: &[u8] /*name or url*/) -> Result<Self, Error>;    // pre-push, contract 1.3
    pub fn of_range(repo, from: Option<ObjectId>, to: ObjectId) -> Result<Self, Error>;
    pub fn of_all(repo) -> Result<Self, Error>;
    pub fn identity(&self) -> Digest;  // digest that determines the whole enumeration (quarantine ids, ref lines, counting refs' tips): same push again => same digest
    pub fn enumerate(&mut self, visitor: &mut dyn Visitor) -> Result<(), Error>;
    pub fn places(&mut self, wanted: &HashSet<ObjectId>, sink: &mut dyn FnMut(Place)) -> Result<(), Error>;
}
pub trait Visitor {
    /// Ids about to be enumerated; the answer says for each whether its content is needed.
    fn offer(&mut self, ids: &[ObjectId], needed: &mut Vec<bool>) -> ControlFlow<()>;
    /// Content of one needed object follows (ObjectSink semantics), or:
    fn object(&mut self, id: ObjectId, kind: ObjectKind, size: u64) -> ControlFlow<()>;
    fn data(&mut self, piece: &[u8]) -> ControlFlow<()>;
    fn unreadable(&mut self, id: ObjectId, path: &[u8], reason: &str) -> ControlFlow<()>;
}
pub struct Place { pub object: ObjectId, pub commit: Option<ObjectId>, pub path: RepoPath, pub mode: Mode, pub reference: Vec<u8>, pub old: Vec<ObjectId>, pub deleted: Vec<ObjectId> }
pub fn ref_kind(repo, old, new) -> RefKind  // create/delete/fast-forward/forced, computed from objects (quarantine + store)
