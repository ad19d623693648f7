//! Accepts connections up to a cap over all and one per address, so that a
//! single caller cannot take every place (A45). Addresses are kept in memory
//! while their connections are open, and nowhere else.

use super::{
    connection::Connection,
    tls::{Acceptor, Wire},
};
use crate::{
    config::Limits,
    metrics::{Counted, Metrics},
};
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::sleep,
};
use tokio_stream::wrappers::ReceiverStream;

/// Wait after an accept that failed, say for want of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

type Incoming = ReceiverStream<io::Result<Wire>>;

/// Accepts until the stream is dropped, which closes the listener. Handshakes
/// of TLS do not wait for one another; each keeps its seat.
pub fn accept(listener: TcpListener, tls: Option<Acceptor>, limits: &Limits, metrics: &Metrics) -> Incoming {
    let (sender, receiver) = mpsc::channel(1);
    let gate = Gate {
        seats: Arc::default(),
        all: limits.connections,
        per_address: limits.connections_per_address,
        metrics: metrics.clone(),
    };
    let limits = limits.clone();
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = sender.closed() => return,
                accepted = listener.accept() => accepted,
            };
            let connection = match accepted {
                Ok((stream, peer)) => gate.admit(stream, peer.ip(), &limits),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    sleep(ACCEPT_RETRY).await;
                    None
                }
            };
            match (connection, tls.clone()) {
                (None, _) => {}
                (Some(connection), None) => {
                    if sender.send(Ok(Wire::Plain(connection))).await.is_err() {
                        return;
                    }
                }
                (Some(connection), Some(tls)) => {
                    drop(tokio::spawn(shake_hands(tls, connection, sender.clone())))
                }
            }
        }
    });
    ReceiverStream::new(receiver)
}

async fn shake_hands(tls: Acceptor, connection: Connection, sender: mpsc::Sender<io::Result<Wire>>) {
    if let Some(wire) = tls.accept(connection).await {
        // Nobody listens when the node is about to end.
        let _ = sender.send(Ok(wire)).await;
    }
}

#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Gate {
    seats: Arc<Mutex<Seats>>,
    all: usize,
    per_address: usize,
    metrics: Metrics,
}

impl Gate {
    /// Closes the connection if there is no seat for it.
    fn admit(&self, stream: TcpStream, peer: IpAddr, limits: &Limits) -> Option<Connection> {
        let Some(seat) = self.seat(peer) else {
            self.metrics.connections_refused.inc();
            return None;
        };
        // Without it, answers wait for acknowledgements of the ones before.
        stream.set_nodelay(true).ok()?;
        Some(Connection::new(stream, seat, limits))
    }

    fn seat(&self, peer: IpAddr) -> Option<Seat> {
        let (mut seats, network) = (lock(&self.seats), network(peer));
        let here = seats.by_address.get(&network).copied().unwrap_or(0);
        if seats.taken >= self.all || here >= self.per_address {
            return None;
        }
        seats.taken += 1;
        seats.by_address.insert(network, here + 1);
        Some(Seat { seats: self.seats.clone(), network, _counted: Counted::new(&self.metrics.connections) })
    }
}

/// The counts change in single steps.
fn lock(seats: &Mutex<Seats>) -> MutexGuard<'_, Seats> {
    seats.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whoever has one IPv6 address has its whole /64.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// A place among the open connections, free again when dropped. `Debug` hides
/// the address.
pub struct Seat {
    seats: Arc<Mutex<Seats>>,
    network: IpAddr,
    _counted: Counted,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seat")
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = lock(&self.seats);
        seats.taken = seats.taken.saturating_sub(1);
        if let Some(here) = seats.by_address.get_mut(&self.network) {
            *here -= 1;
            if *here == 0 {
                seats.by_address.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn gate(all: usize, per_address: usize) -> Gate {
        Gate { seats: Arc::default(), all, per_address, metrics: Metrics::default() }
    }

    #[test]
    fn a45_one_address_does_not_take_every_seat() {
        let gate = gate(5, 2);
        let [a, b, c] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|ip| ip.parse::<IpAddr>().unwrap());
        let seats = [gate.seat(a), gate.seat(a), gate.seat(b)];
        assert!(seats.iter().all(Option::is_some) && gate.seat(a).is_none());
        assert_eq!(gate.metrics.connections.get(), 3);
        let more = [gate.seat(b), gate.seat(c)];
        assert!(more.iter().all(Option::is_some) && gate.seat(c).is_none(), "the cap over all");
        drop((seats, more));
        assert_eq!(gate.metrics.connections.get(), 0);
        assert!(lock(&gate.seats).by_address.is_empty(), "addresses are forgotten");
    }

    #[test]
    fn a45_addresses_of_one_ipv6_network_count_as_one() {
        let of = |ip: &str| network(ip.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
