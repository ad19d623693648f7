//! The demo's trustees end with it.

use super::*;
use std::{path::Path, process::Command};

/// Processes whose command line names a path.
fn processes(path: &Path) -> Vec<String> {
    let path = path.to_str().unwrap();
    let entries = fs::read_dir("/proc").unwrap().map_while(Result::ok);
    let lines = entries.filter_map(|e| fs::read(e.path().join("cmdline")).ok());
    let lines = lines.map(|l| String::from_utf8_lossy(&l).replace('\0', " "));
    lines.filter(|l| l.contains(path)).collect()
}

/// A killed demo cannot stop its trustees: they notice.
#[test]
fn no_trustee_outlives_a_demo_that_is_killed() {
    let place = tempfile::tempdir().unwrap();
    let (table, out) = (place.path().join("holders.csv"), place.path().join("demo"));
    let row = |i: u8| format!("0x{},{}000000000000000000\n", hex::encode([i; 20]), u32::from(i) * 7);
    fs::write(&table, format!("address,balance_wei\n{}", (1..=8).map(row).collect::<String>())).unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_tabella"))
        .args(["demo", "--voters", "8", "--census"])
        .arg(&table)
        .arg("--out")
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ready = |i| {
        let log = fs::read_to_string(out.join(format!("trustee-{i}.log"))).unwrap_or_default();
        log.contains("sent its commitment")
    };
    let start = Instant::now();
    while !(1..=3).all(ready) {
        assert!(demo.try_wait().unwrap().is_none() && start.elapsed() < PATIENCE, "trustees start");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(processes(&out.join("trustee-")).len(), 3);
    demo.kill().unwrap();
    demo.wait().unwrap();
    let start = Instant::now();
    while !processes(&out).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", processes(&out));
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = fs::read_to_string(out.join("trustee-1.log")).unwrap();
    assert!(log.contains("standard input has ended"), "{log}");
}
