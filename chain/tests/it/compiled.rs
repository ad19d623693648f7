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
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut all: Vec<PathBuf> =
        entries.filter(|e| e.path().is_file()).map(|e| e.file_name().into()).collect();
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
    for folder in ["src", "testing"] {
        let _ = fs::remove_dir_all(target.join(folder));
        copy(&source.join(folder), &target.join(folder), &["sol"]);
    }
    copy(&source.join("attestation"), &target.join("attestation"), &["sol", "json"]);
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(&target).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    if fresh || !target.join("node_modules/solc").is_dir() {
        run("npm", &["ci", "--no-audit", "--no-fund"]);
    }
    run("node", &["compile.cjs"]);
    let read = |folder: &Path, file: &Path| fs::read_to_string(folder.join(file)).unwrap();
    for file in ["attestation/verifier.hex", "src/AttestationKey.sol"].map(Path::new) {
        assert_eq!(read(&target, file), read(&source, file), "make {} again", file.display());
    }
    for folder in ["artifacts", "artifacts/testing"] {
        let (made, committed) = (target.join(folder), source.join(folder));
        assert_eq!(files(&made), files(&committed));
        for file in files(&made) {
            assert_eq!(read(&made, &file), read(&committed, &file), "make {} again", file.display());
        }
    }
}
