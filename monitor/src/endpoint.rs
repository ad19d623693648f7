//! The nodes that are watched.

use client::{Error, Node};

/// A node by its address; connected when first needed.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `http://host:port` or `https://host:port`; names the node in findings.
    pub url: String,
    /// Certificate (PEM) of the authority that vouches for it, instead of
    /// the public ones.
    authority: Option<String>,
    node: Option<Node>,
}

impl Endpoint {
    /// A node that is not connected yet.
    pub fn new(url: impl Into<String>, authority: Option<String>) -> Self {
        Self { url: url.into(), authority, node: None }
    }

    /// The connection, which mends itself once it is made.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn connect(&mut self) -> Result<Node, Error> {
        if let Some(node) = &self.node {
            return Ok(node.clone());
        }
        let node = Node::connect_trusting(&self.url, self.authority.as_deref()).await?;
        Ok(self.node.insert(node).clone())
    }

    /// The connection, if there is one.
    pub fn connected(&self) -> Option<&Node> {
        self.node.as_ref()
    }
}
