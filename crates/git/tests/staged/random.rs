//! Trees and indexes that nobody thought of, each against Git's own answer.

use crate::world::World;

/// A small generator (xorshift): the same states every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn path(&mut self) -> String {
        const NAMES: [&str; 9] = ["a", "b", "a-b", "a.b", "a0", "ab", "B", "x", "a b"];
        let depth = 1 + self.below(4);
        let parts: Vec<_> = (0..depth).map(|_| NAMES[self.below(NAMES.len())]).collect();
        parts.join("/")
    }
}

#[test]
fn random_states() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..6 {
        let world = match round % 3 {
            0 => World::new(),
            1 => World::with(&["--object-format=sha256"]),
            _ => World::with(&["--ref-format=reftable"]),
        };
        let blobs: Vec<String> = (0..4)
            .map(|n| {
                world.write("blob", &format!("{n}\n"));
                world.git(&["hash-object", "-w", "blob"])
            })
            .collect();
        if round % 2 == 1 {
            world.git(&["update-index", "--index-version", "4"]);
        }
        for step in 0..12 {
            for _ in 0..1 + dice.below(12) {
                let path = dice.path();
                let blob = &blobs[dice.below(blobs.len())];
                let mode = ["100644", "100755", "120000", "160000"][dice.below(4)];
                let entry = format!("{mode},{blob},{path}");
                let arguments = match dice.below(4) {
                    0 => vec!["update-index", "--force-remove", &path],
                    _ => vec!["update-index", "--add", "--replace", "--cacheinfo", &entry],
                };
                world.git(&arguments);
            }
            match dice.below(5) {
                0 => world.commit(),
                1 => {
                    world.git(&["write-tree"]);
                }
                2 if step > 6 => {
                    world.git(&["repack", "-qad"]);
                }
                _ => {}
            }
            world.check();
        }
    }
}
