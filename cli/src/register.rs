//! `tabella register`: the account that holds the tokens names the identity
//! that votes. spec: `registration`, `cli.register`.

use crate::{
    account, ask,
    home::HomeOptions,
    identity,
    keys::MemberKeys,
    options::{NodeOptions, PassphraseOptions},
    text, times,
    vote::options::MaybeNode,
};
use anyhow::{Context, Result, bail};
use circuits::types::{AccountKey, Address, RegistrationMessage, Signature};
use clap::{ArgGroup, Args};
use client::{Node, identity::Identity, registration};
use prover::ProvingKey;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// `tabella register`
#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("signer").required(true).args(["account", "address"])))]
#[command(group(ArgGroup::new("wallet").args(["typed_data", "signature"])))]
pub struct RegisterOptions {
    /// Name of the organisation, as its drafts spell it.
    #[arg(long, value_name = "NAME")]
    organisation: String,
    /// Sealed key of the account that holds the tokens (`tabella account`).
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// File whose first line is the account's passphrase, if it differs from
    /// that of the identity.
    #[arg(long, value_name = "FILE", requires = "account")]
    account_passphrase_file: Option<PathBuf>,
    /// The account that holds the tokens, if a wallet signs for it.
    #[arg(long, value_name = "ADDRESS", requires = "wallet")]
    address: Option<Address>,
    /// Write what the wallet is to sign (eth_signTypedData_v4) to this file.
    #[arg(long, value_name = "FILE", requires = "address")]
    typed_data: Option<PathBuf>,
    /// What the wallet answered, 0x and 130 hexadecimal digits.
    #[arg(long, value_name = "HEX", requires = "address", requires = "counter")]
    signature: Option<String>,
    /// Chain on which the tokens live.
    #[arg(long, value_name = "ID", default_value_t = 1)]
    chain_id: u64,
    /// The highest counter of an account counts; the present time if not given.
    #[arg(long, value_name = "N")]
    counter: Option<u64>,
    #[command(flatten)]
    node: MaybeNode,
    #[command(flatten)]
    home: HomeOptions,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// Do not ask before signing.
    #[arg(long)]
    yes: bool,
    /// Print {account, identity, organisation, counter} as JSON.
    #[arg(long)]
    json: bool,
}

/// Registers, or prepares to.
///
/// # Errors
/// If a secret cannot be opened, the user declines, or the node refuses.
pub fn run(options: &RegisterOptions) -> Result<()> {
    if let (Some(address), Some(file)) = (options.address, &options.typed_data) {
        return write_typed_data(options, address, file);
    }
    let node = options.node.required()?;
    let home = options.home.open()?;
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    let key = || MemberKeys::open()?.registration();
    let registered = if let Some(file) = &options.account {
        let passphrase = PassphraseOptions {
            passphrase_file: options
                .account_passphrase_file
                .clone()
                .or_else(|| options.passphrase.passphrase_file.clone()),
        };
        let account = account::load(file, &passphrase)?;
        let identity = identity::load(&home, &options.passphrase)?;
        let message = message(options, account.address(), &identity)?;
        agree(&message, options.yes)?;
        let sender = Sender { key: key()?, identity, node: &node };
        runtime.block_on(sender.register(&account, message, options.counter.is_none()))?
    } else {
        let (address, signature) = signed_by_wallet(options)?;
        let identity = identity::load(&home, &options.passphrase)?;
        let message = message(options, address, &identity)?;
        let signature = check_wallet(&message, signature)?;
        let sender = Sender { key: key()?, identity, node: &node };
        runtime.block_on(sender.complete(message, signature))?
    };
    print(&registered, options.json)
}

fn message(options: &RegisterOptions, address: Address, identity: &Identity) -> Result<RegistrationMessage> {
    let counter = options.counter.map_or_else(times::now, Ok)?;
    let (chain, organisation) = (options.chain_id, &options.organisation);
    Ok(registration::message(address, identity.commitment(), chain, organisation, counter))
}

/// Shows what is about to be signed.
fn agree(message: &RegistrationMessage, yes: bool) -> Result<()> {
    eprintln!("To be signed (EIP-712) by {}:", message.address);
    eprintln!("    {}", RegistrationMessage::STATEMENT);
    eprintln!("    organisation  {}", text::line(&message.organisation));
    eprintln!("    chain         {}", message.chain_id);
    eprintln!("    identity      {}", message.identity);
    eprintln!("    counter       {}", message.counter);
    eprintln!("The registration is public: it says that this account takes part, not what it votes.");
    ask::agree("Sign and register?", yes)
}

/// What proves and where it goes.
struct Sender<'a> {
    key: Arc<ProvingKey>,
    identity: Identity,
    node: &'a NodeOptions,
}

impl Sender<'_> {
    /// Signs, proves and sends; `higher` allows for another counter, if this
    /// machine's clock is behind the account's registration before.
    async fn register(
        &self,
        account: &AccountKey,
        message: RegistrationMessage,
        higher: bool,
    ) -> Result<RegistrationMessage> {
        let node = self.node.connect().await?;
        let sent = self.send(&node, &message, account.sign(message.hash())).await;
        let highest = match &sent {
            Err(client::Error::Refused { refusal, .. }) if higher => refusal.facts.get("highest"),
            _ => None,
        };
        let Some(highest) = highest else { return Ok(sent.map(|()| message)?) };
        let highest: u64 = highest.parse().context("the node's highest counter is no number")?;
        let counter = highest.checked_add(1).context("the account's counter cannot rise any more")?;
        eprintln!("The account has registered with counter {highest} before; signing with {counter}.");
        let message = RegistrationMessage { counter, ..message };
        self.send(&node, &message, account.sign(message.hash())).await?;
        Ok(message)
    }

    async fn complete(
        &self,
        message: RegistrationMessage,
        signature: Signature,
    ) -> Result<RegistrationMessage> {
        self.send(&self.node.connect().await?, &message, signature).await?;
        Ok(message)
    }

    async fn send(
        &self,
        node: &Node,
        message: &RegistrationMessage,
        signature: Signature,
    ) -> Result<(), client::Error> {
        let complete = registration::complete(&self.key, &self.identity, message.clone(), signature)?;
        registration::submit(node, &complete).await
    }
}

fn write_typed_data(options: &RegisterOptions, address: Address, file: &Path) -> Result<()> {
    let identity = identity::commitment(&options.home.open()?)?;
    let counter = options.counter.map_or_else(times::now, Ok)?;
    let (chain, organisation) = (options.chain_id, &options.organisation);
    let message = registration::message(address, identity, chain, organisation, counter);
    let mut data = serde_json::to_vec_pretty(&registration::typed_data(&message))?;
    data.push(b'\n');
    keyfile::create(file, &data)?;
    eprintln!("Let the wallet of {address} sign {} with eth_signTypedData_v4. Then:", file.display());
    let chain = if chain == 1 { String::new() } else { format!(" --chain-id {chain}") };
    eprintln!(
        "    tabella register --organisation {}{chain} --address {address} --counter {counter} \
         --signature HEX --node URL",
        text::shell(organisation)
    );
    print(&message, options.json)
}

fn signed_by_wallet(options: &RegisterOptions) -> Result<(Address, Signature)> {
    let (Some(address), Some(hex)) = (options.address, &options.signature) else {
        bail!("--account FILE, or --address with --signature HEX: who signs");
    };
    let bytes = hex::decode(hex.trim().trim_start_matches("0x")).context("--signature: not hexadecimal")?;
    Ok((address, registration::signature_of_wallet(&bytes).context("--signature")?))
}

fn check_wallet(message: &RegistrationMessage, signature: Signature) -> Result<Signature> {
    let signed = signature.verify(message.hash(), message.address);
    signed.context(
        "--signature: not over this registration; organisation, chain, counter and identity must be those that the \
         wallet signed",
    )?;
    Ok(signature)
}

fn print(message: &RegistrationMessage, json: bool) -> Result<()> {
    let RegistrationMessage { address, identity, organisation, counter, .. } = message;
    if json {
        let object = json!({
            "account": address, "identity": identity, "organisation": organisation, "counter": counter,
        });
        println!("{}", serde_json::to_string(&object)?);
    } else {
        println!("{address} registers {identity}, counter {counter}");
    }
    Ok(())
}
