//! The committed artifacts are what the committed sources give.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Copies files of one kind from a folder to the same folder elsewhere.
fn copy(from: &Path, to: &Path, kinds: &[&str]) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if kinds.iter().any(|kind| path.extension().is_some_and(|e| e == *kind)) {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into()).collect();
    all.sort();
    all
}

#[test]
fn the_committed_artifacts_are_those_of_the_sources() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contracts");
    let lock = "package-lock.json";
    let fresh = fs::read(source.join(lock)).ok() != fs::read(target.join(lock)).ok();
    copy(&source, &target, &["json", "cjs"]);
    let _ = fs::remove_dir_all(target.join("src"));
    copy(&source.join("src"), &target.join("src"), &["sol"]);
    copy(&source.join("attestation"), &target.join("attestation"), &["sol"]);
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(&target).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    if fresh || !target.join("node_modules/solc").is_dir() {
        run("npm", &["ci", "--no-audit", "--no-fund"]);
    }
    run("node", &["compile.cjs"]);
    let read = |folder: &Path, file: &Path| fs::read_to_string(folder.join(file)).unwrap();
    let hex = Path::new("attestation/verifier.hex");
    assert_eq!(read(&target, hex), read(&source, hex));
    let (made, committed) = (target.join("artifacts"), source.join("artifacts"));
    assert_eq!(files(&made), files(&committed));
    for file in files(&made) {
        assert_eq!(read(&made, &file), read(&committed, &file), "make {} again", file.display());
    }
}
