//! `tabella trustee init`

use super::{
    DirectoryOptions,
    directory::{Directory, IDENTITY_FILE, json},
};
use anyhow::Result;
use clap::Args;

/// `tabella trustee init`
#[derive(Clone, Debug, Args)]
pub struct InitOptions {
    #[command(flatten)]
    directory: DirectoryOptions,
}

/// Makes a trustee and prints its identity, {signer, encryption_key}, as one
/// JSON object.
///
/// # Errors
/// If the directory holds something, or cannot be written.
pub fn run(options: &InitOptions) -> Result<()> {
    let identity = Directory::create(&options.directory)?;
    println!("{}", json(&identity));
    let file = options.directory.dir.join(IDENTITY_FILE);
    eprintln!("the keys are sealed; a lost passphrase cannot be replaced");
    eprintln!("give the organiser {}, over a channel that nobody else can write to", file.display());
    Ok(())
}
