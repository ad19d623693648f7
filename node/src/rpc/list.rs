//! Pages of lists that only grow: a token is the place after the page.

use super::error::Error;

/// What part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    start: usize,
    size: usize,
}

impl Page {
    /// Reads a request's page; a size of 0 is `max`.
    pub fn read(size: u32, token: &str, max: usize) -> Result<Self, Error> {
        let unknown = Error::NotFound("page_token is not one of this node's; start again without it");
        let start = if token.is_empty() { 0 } else { token.parse().map_err(|_| unknown)? };
        let size = usize::try_from(size).unwrap_or(max);
        Ok(Self { start, size: if size == 0 { max } else { size.min(max) } })
    }

    /// The wanted elements of the page, and the token of the next one: empty
    /// at the end.
    pub fn of<T>(self, list: impl Iterator<Item = T>, wanted: impl Fn(&T) -> bool) -> (Vec<T>, String) {
        let mut rest = list.enumerate().skip(self.start).filter(|(_, element)| wanted(element));
        let (mut found, mut end) = (Vec::new(), self.start);
        for (place, element) in rest.by_ref().take(self.size) {
            found.push(element);
            end = place + 1;
        }
        let token = if rest.next().is_some() { end.to_string() } else { String::new() };
        (found, token)
    }
}
