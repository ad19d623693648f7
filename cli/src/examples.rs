//! Examples in the long help and in the manual pages: every command has some,
//! and a test parses each.

use clap::Command;

/// Command line after `tabella`, and what to add to its help. ID, URL, ADDRESS
/// and the like stand for what the user has.
const EXAMPLES: &[(&str, &[&str], &str)] = &[
    ("demo", &["demo", "demo --voters 200 --rule approval --options Red,Green,Blue --out election"], ""),
    ("demo audit", &["demo audit", "demo audit --out audit --json"], ""),
    (
        "audit inspect",
        &["audit inspect records.csv --policy policy.toml --mapping mapping.toml"],
        "Proves nothing and writes nothing: look before you commit.",
    ),
    (
        "audit commit",
        &["audit commit records.csv --policy policy.toml --mapping mapping.toml --out commitment"],
        "Publish the data root that is printed before you prove anything.",
    ),
    (
        "audit prove",
        &["audit prove records.csv --policy policy.toml --mapping mapping.toml --commitment commitment \
           --organisation 'Example DAO' --system 'Loan scores' --model ID --from 2026-01-01 --to 2026-06-30 \
           --auditor auditor.json --out attestation.json"],
        "",
    ),
    (
        "audit verify",
        &[
            "audit verify attestation.json",
            "audit verify attestation.json --policy policy.toml --organiser ADDRESS --registration auditor-registration.json",
        ],
        "What is not given, say the voted policy, is not compared; the checklist says so.",
    ),
    ("audit report", &["audit report attestation.json --out report"], ""),
    (
        "audit anchor",
        &[
            "audit anchor --commitment commitment --system 'Ranking 3.1' --model ID --from 2026-01-01 --to 2026-06-30 \
           --auditor auditor.json --node https://votes.example --organisation 'Example DAO' --organiser ADDRESS \
           --operator ADDRESS",
        ],
        "Before audit prove: a data root that is anchored later serves no attestation.",
    ),
    (
        "audit submit",
        &["audit submit attestation.json --node https://votes.example --organisation 'Example DAO' \
           --organiser ADDRESS --operator ADDRESS"],
        "A repeat gives a receipt of the same event.",
    ),
    (
        "audit list",
        &[
            "audit list --status valid --node https://votes.example --organisation 'Example DAO' --organiser ADDRESS",
        ],
        "",
    ),
    (
        "audit show",
        &[
            "audit show ID --save audit --node https://votes.example --organisation 'Example DAO' --organiser ADDRESS",
        ],
        "Then: tabella audit verify audit/attestation.json --registration audit/registration.json",
    ),
    (
        "audit revoke",
        &["audit revoke ID --reason 'a wrong column' --signer auditor.json --node https://votes.example \
           --organisation 'Example DAO' --organiser ADDRESS"],
        "",
    ),
    (
        "audit register",
        &["audit register --organisation 'Example DAO' --auditor ADDRESS --name 'Fair Audits' \
           --from 2026-01-01 --until 2027-12-31 --organiser organiser.json --out auditor-registration.json"],
        "",
    ),
    ("audit receipt nonce", &["audit receipt nonce"], ""),
    (
        "audit receipt make",
        &[
            "audit receipt make records.csv --policy policy.toml --mapping mapping.toml --commitment commitment \
           --row 17 --auditor auditor.json --out receipt.json",
        ],
        "",
    ),
    ("audit receipt check", &["audit receipt check receipt.json --data-root ID --auditor ADDRESS"], ""),
    ("account new", &["account new organiser.json"], ""),
    (
        "account import",
        &["account import member.json --key-file plain.txt"],
        "Delete the file with the plain key afterwards.",
    ),
    ("account show", &["account show organiser.json"], ""),
    ("identity new", &["identity new", "identity new --words-file words.txt --home member"], ""),
    ("identity restore", &["identity restore", "identity restore --words-file words.txt"], ""),
    ("identity show", &["identity show"], ""),
    ("identity backup", &["identity backup"], ""),
    (
        "register",
        &[
            "register --organisation 'Example DAO' --account member.json --node URL",
            "register --organisation 'Example DAO' --address ADDRESS --typed-data sign.json",
            "register --organisation 'Example DAO' --address ADDRESS --counter 5 --signature 0x12 --node URL",
        ],
        "The second and third are for members whose key is in a wallet: it signs sign.json\n\
         (eth_signTypedData_v4), with the counter of that file.",
    ),
    (
        "vote cast",
        &[
            "vote cast --election ID --node URL",
            "vote cast --election ID --node URL --choice Approve --delay 10m",
        ],
        "Without --choice the vote is asked for, so that it is in no history of commands.",
    ),
    (
        "vote prepare",
        &[
            "vote prepare --election ID --node URL --choice Approve --out ballot.bin",
            "vote prepare --election ID --state election.state --choice Approve --out ballot.bin",
        ],
        "",
    ),
    (
        "vote submit",
        &["vote submit ballot.bin --node URL", "vote submit ballot.bin --node URL --delay 1h"],
        "",
    ),
    ("vote state", &["vote state --election ID --node URL --out election.state"], ""),
    ("vote status", &["vote status --election ID --node URL"], ""),
    ("mask once", &["mask once --election ID --node URL"], ""),
    ("mask run", &["mask run --election ID --node URL", "mask run --election ID --node URL --every 30m"], ""),
    (
        "receipt check",
        &["receipt check receipt.json --node URL", "receipt check receipt.json --record record"],
        "",
    ),
    ("receipt list", &["receipt list"], ""),
    (
        "census import",
        &[
            "census import balances.csv --dry-run",
            "census import balances.csv --decimals 0 --out holders.jsonl",
            "census import balances.csv --dry-run --node URL --organisation 'Example DAO'",
        ],
        "The table has the columns address,balance with balances in the token's base units\n\
         (wei). A weight is the balance in census units, rounded down.",
    ),
    (
        "census freeze",
        &[
            "census freeze --draft ID --table holders.jsonl --account organiser.json --node URL --dry-run",
            "census freeze --draft ID --table holders.jsonl --account organiser.json --node URL",
        ],
        "Every registration is checked here before anything is signed. Nobody who registers\n\
         afterwards can vote in this election.",
    ),
    (
        "census show",
        &["census show --election ID --node URL", "census show --election ID --node URL --members"],
        "",
    ),
    (
        "census rebuild",
        &[
            "census rebuild --election ID --node URL",
            "census rebuild --draft ID --table holders.jsonl --node URL",
        ],
        "Without --table the holders are those that the node shows; they must have the digest\n\
         that the draft names. Every registration is checked here. Exit code 1 if the frozen\n\
         census is not the one that holders and registrations give.",
    ),
    (
        "election create",
        &[
            "election create --file election.toml --account organiser.json --node URL --dry-run",
            "election create --file election.toml --account organiser.json --node URL --id-file draft.id",
        ],
        "examples/election.toml in the source shows every key with its meaning.",
    ),
    (
        "election show",
        &[
            "election show --election ID --node URL",
            "election show --draft ID --organiser ADDRESS --node URL --json",
        ],
        "",
    ),
    (
        "election list",
        &["election list --node URL", "election list --organisation 'Example DAO' --node URL"],
        "",
    ),
    (
        "election report",
        &[
            "election report --election ID --node URL",
            "election report --draft ID --table holders.jsonl --node URL",
        ],
        "Before the census is frozen, --table says who holds what; the report is then on those\n\
         of them who are registered so far.",
    ),
    (
        "election open",
        &[
            "election open --draft ID --account organiser.json --node URL --wait",
            "election open --draft ID --account organiser.json --node URL --confirm-disclosure",
        ],
        "The trustees' key, their signatures and the hashes of the verifying keys are checked\n\
         first. Then the report on what totals could reveal is printed; read it and confirm it\n\
         at the terminal, or with --confirm-disclosure in scripts.",
    ),
    (
        "election close",
        &[
            "election close --election ID --node URL",
            "election close --election ID --account organiser.json --node URL",
        ],
        "From the closing time on anybody may close, without an account; before, only the\n\
         organiser, and only if the draft allows it (early_close).",
    ),
    (
        "tally",
        &[
            "tally --election ID --node URL --wait",
            "tally --election ID --organiser ADDRESS --node URL --json",
        ],
        "The whole record is downloaded and every check of `tabella verify` made before\n\
         anything is shown. `tabella record export` keeps the record.",
    ),
    ("node init", &["node init --dir node", "node init --dir node --self-signed vote.example.org"], ""),
    (
        "node run",
        &["node run --config node/node.toml", "node run --config node/node.toml --set limits.slot_burst=6"],
        "",
    ),
    ("node check", &["node check --config node/node.toml"], ""),
    ("node reindex", &["node reindex --config node/node.toml"], ""),
    ("trustee init", &["trustee init --dir trustee"], ""),
    (
        "trustee run",
        &[
            "trustee run --dir trustee --draft ID --organiser ADDRESS --node URL",
            "trustee run --dir trustee --all --organiser ADDRESS --node URL",
        ],
        "",
    ),
    ("trustee status", &["trustee status --dir trustee"], ""),
    ("trustee progress", &["trustee progress --draft ID --organiser ADDRESS --node URL"], ""),
    (
        "monitor",
        &[
            "monitor --organiser ADDRESS --node URL --dir monitor",
            "monitor --election ID --node URL --dir monitor --once --json",
        ],
        "",
    ),
    ("monitor evidence check", &["monitor evidence check evidence.json"], ""),
    (
        "chain deploy",
        &["chain deploy --account payer.json", "chain deploy --account payer.json --chain URL --json"],
        "Without --chain everything goes to the embedded chain, an EVM in a directory.",
    ),
    (
        "chain status",
        &["chain status --account payer.json", "chain status ID --contract ADDRESS --chain URL --json"],
        "",
    ),
    (
        "chain post",
        &["chain post record --account payer.json", "chain post record --account payer.json --chain URL"],
        "It can be stopped at any time; the same command goes on, and posts nothing twice.",
    ),
    (
        "chain watch",
        &[
            "chain watch --election ID --node URL --account payer.json --chain URL",
            "chain watch --election ID --node URL --account payer.json --anchor-every 1h",
        ],
        "",
    ),
    ("chain void", &["chain void ID --contract ADDRESS --account payer.json --chain URL"], ""),
    ("chain creation", &["chain creation ADDRESS --transaction HASH --chain URL"], ""),
    (
        "chain check",
        &[
            "chain check --file election.toml --organiser ADDRESS --executor ADDRESS --chain URL",
            "chain check --record record --json",
        ],
        "Before the draft is published it can still be mended.",
    ),
    (
        "chain audit deploy",
        &[
            "chain audit deploy --organisation 'Example DAO' --organiser ADDRESS --account payer.json --chain URL",
        ],
        "",
    ),
    (
        "chain audit register",
        &[
            "chain audit register --organisation 'Example DAO' --auditor ADDRESS --name Auditor --from 2026-01-01 --until 2026-12-31 --organiser organiser.json --contract ADDRESS --account payer.json",
        ],
        "",
    ),
    (
        "chain audit anchor",
        &["chain audit anchor --commitment commitment --contract ADDRESS --account payer.json --chain URL"],
        "",
    ),
    (
        "chain audit attest",
        &[
            "chain audit attest attestation.json --contract ADDRESS --account payer.json --chain URL",
            "chain audit attest attestation.json --auditor auditor.json --contract ADDRESS --account payer.json",
        ],
        "",
    ),
    (
        "chain audit revoke",
        &[
            "chain audit revoke HASH --reason 'an error in the records' --signer auditor.json --contract ADDRESS --account payer.json",
        ],
        "",
    ),
    ("chain audit show", &["chain audit show HASH --contract ADDRESS --chain URL"], ""),
    (
        "chain gate deploy",
        &[
            "chain gate deploy --file election.toml --organiser ADDRESS --attestations ADDRESS --account payer.json",
            "chain gate deploy --record record --attestations ADDRESS --account payer.json --chain URL",
        ],
        "",
    ),
    (
        "chain gate approve",
        &[
            "chain gate approve attestation.json --gate ADDRESS",
            "chain gate approve attestation.json --gate ADDRESS --demand none-fails --json",
        ],
        "",
    ),
    ("chain gate sanction", &["chain gate sanction HASH --gate ADDRESS"], ""),
    ("chain gate enact", &["chain gate enact record --account payer.json --chain URL"], ""),
    ("chain gate show", &["chain gate show HASH --gate ADDRESS --chain URL"], ""),
    (
        "chain executor deploy",
        &[
            "chain executor deploy --file election.toml --organiser ADDRESS --delay 2d --account payer.json --chain URL",
        ],
        "",
    ),
    (
        "chain executor queue",
        &["chain executor queue record --executor ADDRESS --account payer.json --chain URL"],
        "",
    ),
    (
        "chain executor execute",
        &["chain executor execute record --executor ADDRESS --wait --account payer.json --chain URL"],
        "",
    ),
    ("chain executor show", &["chain executor show ID --executor ADDRESS --chain URL"], ""),
    (
        "verify",
        &[
            "verify record",
            "verify record --json",
            "verify record --chain URL",
            "verify record --chain embedded",
            "verify record --chain-dir chain",
        ],
        "",
    ),
    ("record export", &["record export --election ID --node URL --out record"], ""),
    ("export snarkjs", &["export snarkjs record --out proofs"], ""),
    (
        "completions",
        &["completions bash", "completions zsh", "completions fish"],
        "Put the output where your shell looks for it, e.g. for bash\n\
         ~/.local/share/bash-completion/completions/tabella.",
    ),
    ("man", &["man --out man1"], "A directory called man1 below one of MANPATH makes `man tabella` work."),
];

/// The command line with its examples.
pub fn add(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (path, lines, note)| {
        let words: Vec<&str> = path.split(' ').collect();
        at(command, &words, &help(lines, note))
    })
}

fn help(lines: &[&str], note: &str) -> String {
    let title = if lines.len() == 1 { "Example:" } else { "Examples:" };
    let lines: String = lines.iter().map(|line| format!("\n  tabella {line}")).collect();
    let note = if note.is_empty() { String::new() } else { format!("\n\n{note}") };
    format!("{title}{lines}{note}")
}

fn at(command: Command, path: &[&str], help: &str) -> Command {
    match path {
        [] => command.after_long_help(help.to_owned()),
        [name, rest @ ..] => command.mut_subcommand(name, |sub| at(sub, rest, help)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::args::Args;
    use clap::{CommandFactory, Parser};

    /// Splits as a shell does: words, and single quotes.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        for (i, part) in line.split('\'').enumerate() {
            if i % 2 == 1 {
                words.last_mut().unwrap().push_str(part);
                continue;
            }
            for (j, word) in part.split(' ').enumerate() {
                if j > 0 {
                    words.push(String::new());
                }
                words.last_mut().unwrap().push_str(word);
            }
        }
        words
    }

    fn filled_in(word: String) -> String {
        match &word[..] {
            "ID" => format!("0x{}", "00".repeat(32)),
            "HASH" => format!("0x{}", "11".repeat(32)),
            "ADDRESS" => format!("0x{}", "00".repeat(20)),
            "URL" => "http://127.0.0.1:1".into(),
            _ => word,
        }
    }

    #[test]
    fn every_example_is_right() {
        for (path, lines, _) in EXAMPLES {
            for line in *lines {
                assert!(line.starts_with(path), "{line}");
                let words = ["tabella".to_owned()].into_iter().chain(words(line)).map(filled_in);
                Args::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}"));
            }
        }
    }

    #[test]
    fn every_command_has_an_example() {
        fn check(command: &Command, path: &str) {
            let mut leaf = true;
            for sub in command.get_subcommands() {
                leaf = false;
                check(sub, format!("{path} {}", sub.get_name()).trim());
            }
            assert!(!leaf || EXAMPLES.iter().any(|(p, ..)| *p == path), "{path} has no example");
        }
        check(&Args::command(), "");
        assert!(add(Args::command()).find_subcommand("demo").unwrap().get_after_long_help().is_some());
    }
}
