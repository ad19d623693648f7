//! A receipt as a JSON document that proves itself. spec: `client.receipt_file`.

use circuits::{
    curve::Fr,
    params::BOARD_DEPTH,
    primitives::merkle::BoardPath,
    types::{Address, BoardRow, Domain, Draft, ElectionId, InvalidReceipt, Receipt, SignedHead, json},
};
use serde::{Deserialize, Serialize};

const FORMAT: &str = "tabella receipt";
const VERSION: u32 = 1;

/// Why a text is not a receipt.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDocument {
    /// See the message.
    #[error("it is not a receipt: {0}")]
    Json(#[from] serde_json::Error),
    /// See the message.
    #[error("it has format {format:?} version {version}; this program reads {FORMAT:?} version {VERSION}")]
    Version {
        /// As the file says.
        format: String,
        /// As the file says.
        version: u32,
    },
    /// See the message.
    #[error("its path has {0} siblings; a board's has {BOARD_DEPTH}")]
    Siblings(usize),
    /// See the message.
    #[error("the receipt proves nothing: {0}")]
    Receipt(#[from] InvalidReceipt),
    /// See the message.
    #[error("the receipt is for election {found}, not for {expected}")]
    OtherElection {
        /// Asked for.
        expected: ElectionId,
        /// In the file.
        found: ElectionId,
    },
    /// See the message.
    #[error("the receipt is signed by {found}; the election's operator is {expected}")]
    Operator {
        /// As the draft says.
        expected: Address,
        /// In the file.
        found: Address,
    },
}

/// A checked receipt with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Who signed it.
    pub operator: Address,
    /// In which EIP-712 domain.
    pub domain: Domain,
    /// The receipt.
    pub receipt: Receipt,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    format: String,
    version: u32,
    operator: Address,
    chain_id: u64,
    contract: Address,
    row: BoardRow,
    head: SignedHead,
    path: Path,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Path {
    index: u32,
    #[serde(with = "json::fields")]
    siblings: Vec<Fr>,
}

impl Document {
    /// The document of a receipt of an election.
    pub fn new(draft: &Draft, receipt: Receipt) -> Self {
        Self { operator: draft.operator, domain: draft.domain(), receipt }
    }

    /// The election.
    pub fn election(&self) -> ElectionId {
        self.receipt.head.head.election_id
    }

    /// One JSON object and a line end.
    pub fn to_json(&self) -> Vec<u8> {
        let Receipt { row, head, path } = &self.receipt;
        let form = Form {
            format: FORMAT.into(),
            version: VERSION,
            operator: self.operator,
            chain_id: self.domain.chain_id,
            contract: self.domain.contract,
            row: *row,
            head: *head,
            path: Path { index: path.index, siblings: path.siblings.to_vec() },
        };
        let mut text = serde_json::to_vec_pretty(&form).expect("strings and numbers are JSON");
        text.push(b'\n');
        text
    }

    /// Reads a document, and checks signature and path.
    ///
    /// # Errors
    /// If the text is not a document, or the receipt proves nothing.
    pub fn from_json(text: &[u8]) -> Result<Self, InvalidDocument> {
        let form: Form = serde_json::from_slice(text)?;
        let Form { format, version, .. } = form;
        if format != FORMAT || version != VERSION {
            return Err(InvalidDocument::Version { format, version });
        }
        let count = form.path.siblings.len();
        let siblings = form.path.siblings.try_into().map_err(|_| InvalidDocument::Siblings(count))?;
        let path = BoardPath { index: form.path.index, siblings };
        let domain = Domain { chain_id: form.chain_id, contract: form.contract };
        let receipt = Receipt { row: form.row, head: form.head, path };
        let document = Self { operator: form.operator, domain, receipt };
        document.receipt.check(document.election(), &document.domain, document.operator)?;
        Ok(document)
    }

    /// Checks that the receipt is of this election and by its operator.
    ///
    /// # Errors
    /// If it is of another, or signed by somebody else.
    pub fn require(&self, election: ElectionId, draft: &Draft) -> Result<(), InvalidDocument> {
        let (expected, found) = (election, self.election());
        if expected != found {
            return Err(InvalidDocument::OtherElection { expected, found });
        }
        if (self.operator, self.domain) != (draft.operator, draft.domain()) {
            return Err(InvalidDocument::Operator { expected: draft.operator, found: self.operator });
        }
        Ok(())
    }
}
