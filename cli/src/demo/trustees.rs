//! The demo's trustees: processes of their own, each with a directory, a
//! passphrase and a log below the demo's directory. None outlives the demo:
//! their standard input ends with it, however it ends.

use crate::{chain_command::ChainOptions, trustee::IDENTITY_FILE};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::{Address, DraftId, TrusteeIdentity};
use rand_core::{OsRng, RngCore};
use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use zeroize::Zeroizing;

/// Time between two looks at a process.
const POLL: Duration = Duration::from_millis(50);
/// Longest wait of a trustee between two looks at the node, in seconds: the
/// demo is short.
const LONGEST_WAIT: &str = "1";
/// Lines of a log that an error shows.
const LINES: usize = 5;

/// One trustee, at first without a process.
#[derive(Debug)]
pub struct Trustee {
    /// From 1.
    pub index: usize,
    /// For the draft.
    pub identity: TrusteeIdentity,
    out: PathBuf,
    process: Option<Child>,
}

impl Trustee {
    /// Makes a trustee below `out`.
    ///
    /// # Errors
    /// If its process fails or a file cannot be written.
    pub fn init(index: usize, out: &Path) -> Result<Self> {
        let mut passphrase = Zeroizing::new([0; 16]);
        OsRng.fill_bytes(passphrase.as_mut_slice());
        let words = Zeroizing::new(hex::encode(passphrase.as_slice()));
        keyfile::create(&file(out, index, "passphrase"), words.as_bytes())?;
        let output = command("init", index, out)?.output().context("cannot start a trustee")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "trustee {index} has failed: {}", said.trim());
        let path = directory(out, index).join(IDENTITY_FILE);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let identity = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        Ok(Self { index, identity, out: out.to_owned(), process: None })
    }

    /// Starts its process for a draft; what it says goes to its log.
    ///
    /// # Errors
    /// If the process cannot be started.
    pub fn start(
        &mut self,
        node: &str,
        chain: &ChainOptions,
        draft: DraftId,
        organiser: Address,
    ) -> Result<()> {
        let path = self.log();
        let log = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let mut command = command("run", self.index, &self.out)?;
        command
            .args(["--node", node, "--draft", &draft.to_string(), "--organiser", &organiser.to_string()])
            .args(["--longest-wait", LONGEST_WAIT, "--until-stdin-ends"])
            .args(chain.url.iter().flat_map(|url| ["--chain", url]))
            .args(chain.chain_dir.iter().flat_map(|dir| [OsStr::new("--chain-dir"), dir.as_os_str()]))
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.process = Some(command.spawn().context("cannot start a trustee")?);
        Ok(())
    }

    /// Where its process writes.
    pub fn log(&self) -> PathBuf {
        file(&self.out, self.index, "log")
    }

    /// Fails if its process has ended.
    ///
    /// # Errors
    /// With what the process said last.
    pub fn require_alive(&mut self) -> Result<()> {
        match self.status()? {
            None => Ok(()),
            Some(_) => bail!("trustee {} has stopped too early: {}", self.index, self.last_words()),
        }
    }

    /// Waits until its process has done everything.
    ///
    /// # Errors
    /// If it fails.
    pub async fn finish(mut self) -> Result<()> {
        loop {
            match self.status()? {
                Some(status) if status.success() => return Ok(()),
                Some(_) => bail!("trustee {} has failed: {}", self.index, self.last_words()),
                None => tokio::time::sleep(POLL).await,
            }
        }
    }

    fn status(&mut self) -> Result<Option<ExitStatus>> {
        let process = self.process.as_mut().context("the trustee was started")?;
        Ok(process.try_wait()?)
    }

    fn last_words(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("{}\n(from {})", lines[lines.len().saturating_sub(LINES)..].join("\n"), self.log().display())
    }
}

/// Killed at once: a trustee may be stopped at any time.
impl Drop for Trustee {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn directory(out: &Path, index: usize) -> PathBuf {
    out.join(format!("trustee-{index}"))
}

fn file(out: &Path, index: usize, extension: &str) -> PathBuf {
    out.join(format!("trustee-{index}.{extension}"))
}

/// This very program as that trustee.
fn command(what: &str, index: usize, out: &Path) -> Result<Command> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut command = Command::new(program);
    command.args(["trustee", what]).stdin(Stdio::null());
    command.arg("--dir").arg(directory(out, index));
    command.arg("--passphrase-file").arg(file(out, index, "passphrase"));
    Ok(command)
}
