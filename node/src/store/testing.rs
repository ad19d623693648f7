//! A disk that fails and crashes on demand.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use super::storage::{File, Storage};

const SECTOR: usize = 64;

/// What the call at which a fault is set does, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An I/O error, once. A sync that fails so drops what it should have
    /// written and calls it clean, as Linux does.
    Error,
    /// A write stores half of its bytes, and a read gives half: legal, and no
    /// failure. Other calls are as ever.
    Short,
    /// The call takes a while.
    Delay,
    /// The call panics: a fault of ours.
    Panic,
    /// A write stores half of its bytes; from then on the disk is full.
    Full,
    /// A write stores half of its bytes; from then on nothing works: the
    /// process has died.
    Death,
}

/// Length of a [`Fault::Delay`].
const DELAY: Duration = Duration::from_millis(5);

/// Calls in their order, of all disks that write into it.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    pub fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub fn calls(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Clone, Debug, Default)]
struct Inode {
    current: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct Disk {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    calls: u64,
    reads: u64,
    syncs: u64,
    fault: Option<(u64, Fault)>,
    read_fault: Option<(u64, Fault)>,
    trace: Option<(&'static str, Trace)>,
    full: bool,
    dead: bool,
    delay: Duration,
}

/// A directory on the simulated disk. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct SimStorage(Arc<Mutex<Disk>>);

#[derive(Debug)]
struct SimFile {
    disk: SimStorage,
    inode: usize,
    name: String,
}

/// splitmix64: reproducible from the seed that a test prints.
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}

impl SimStorage {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    /// The same disk as an `Arc` of the trait.
    pub fn shared(&self) -> Arc<dyn Storage> {
        Arc::new(self.clone())
    }

    /// Sets a fault at the call `after` calls from now.
    pub fn fail_after(&self, after: u64, fault: Fault) {
        let mut disk = self.disk();
        disk.fault = Some((disk.calls + after, fault));
    }

    /// The same for calls that change nothing, which are counted apart.
    pub fn fail_read_after(&self, after: u64, fault: Fault) {
        let mut disk = self.disk();
        disk.read_fault = Some((disk.reads + after, fault));
    }

    /// Whether the fault that was set is still to come.
    pub fn is_armed(&self) -> bool {
        let disk = self.disk();
        disk.fault.is_some_and(|(at, _)| at >= disk.calls)
            || disk.read_fault.is_some_and(|(at, _)| at >= disk.reads)
    }

    /// Writes every changing call into `trace`, as `label: call name`.
    pub fn trace_into(&self, label: &'static str, trace: &Trace) {
        self.disk().trace = Some((label, trace.clone()));
    }

    fn note(&self, call: &str, name: &str) {
        if let Some((label, trace)) = &self.disk().trace {
            trace.note(format!("{label}: {call} {name}"));
        }
    }

    /// Syncs of files, so far.
    pub fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    /// Makes each sync of a file take this long.
    pub fn set_delay(&self, delay: Duration) {
        self.disk().delay = delay;
    }

    fn file(&self, inode: usize, name: &str) -> Box<dyn File> {
        Box::new(SimFile { disk: self.clone(), inode, name: name.to_owned() })
    }

    /// The process ends and another starts: the page cache survives.
    pub fn restart(&self) {
        let mut disk = self.disk();
        (disk.fault, disk.read_fault, disk.full, disk.dead) = (None, None, false, false);
    }

    /// The power goes: what was synced stays; of the rest an arbitrary part,
    /// sector by sector and torn inside one, with any length in between.
    pub fn power_cut(&self, seed: u64) {
        self.restart();
        let mut dice = Dice(seed);
        let mut disk = self.disk();
        if dice.below(2) == 0 {
            disk.names = disk.durable_names.clone();
        }
        disk.durable_names = disk.names.clone();
        for inode in &mut disk.inodes {
            inode.cut(&mut dice);
        }
    }

    /// A copy that shares nothing.
    pub fn fork(&self) -> Self {
        let disk = self.disk();
        Self(Arc::new(Mutex::new(Disk {
            inodes: disk.inodes.clone(),
            names: disk.names.clone(),
            durable_names: disk.durable_names.clone(),
            ..Disk::default()
        })))
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let disk = self.disk();
        disk.inodes[disk.names[name]].current.clone()
    }

    /// Changes a file behind the back of the software.
    pub fn tamper(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk();
        let inode = disk.names[name];
        let inode = &mut disk.inodes[inode];
        change(&mut inode.current);
        inode.durable = inode.current.clone();
    }

    /// Counts a changing call; says how much of it is done and whether it
    /// then fails.
    fn call(&self, length: usize, write: bool) -> (usize, io::Result<()>) {
        let mut disk = self.disk();
        let here = disk.calls;
        disk.calls += 1;
        if disk.dead {
            return (0, Err(io::Error::other("dead")));
        }
        if disk.full && write {
            return (0, Err(io::ErrorKind::StorageFull.into()));
        }
        match disk.fault {
            Some((at, fault)) if at == here => {
                let done = disk.strike(fault, length, write);
                drop(disk);
                strike_now(fault);
                done
            }
            _ => (length, Ok(())),
        }
    }

    /// Counts a call that changes nothing; how much of `length` it may give.
    fn read(&self, length: usize) -> io::Result<usize> {
        let mut disk = self.disk();
        let here = disk.reads;
        disk.reads += 1;
        if disk.dead {
            return Err(io::Error::other("dead"));
        }
        match disk.read_fault {
            Some((at, fault)) if at == here => {
                let (done, result) = disk.strike(fault, length, true);
                drop(disk);
                strike_now(fault);
                result.map(|()| done)
            }
            _ => Ok(length),
        }
    }
}

/// What does not concern the disk's content, without its lock.
fn strike_now(fault: Fault) {
    match fault {
        Fault::Delay => std::thread::sleep(DELAY),
        Fault::Panic => panic!("a panic that a test asked for"),
        Fault::Error | Fault::Short | Fault::Full | Fault::Death => {}
    }
}

impl Disk {
    fn strike(&mut self, fault: Fault, length: usize, write: bool) -> (usize, io::Result<()>) {
        match fault {
            Fault::Error => (0, Err(io::Error::other("input/output error"))),
            Fault::Short => (if write { length.div_ceil(2) } else { length }, Ok(())),
            Fault::Delay => (length, Ok(())),
            Fault::Panic => (0, Ok(())),
            Fault::Full => {
                self.full = true;
                (if write { length.div_ceil(2) } else { length }, Ok(()))
            }
            Fault::Death => {
                self.dead = true;
                (length / 2, Err(io::Error::other("dead")))
            }
        }
    }
}

impl Inode {
    fn cut(&mut self, dice: &mut Dice) {
        let (short, long) = order(self.durable.len(), self.current.len());
        let size = match dice.below(3) {
            0 => short,
            1 => long,
            _ => short + dice.below(long - short + 1),
        };
        let mut left = vec![0; size];
        for (at, byte) in left.iter_mut().enumerate() {
            *byte = self.durable.get(at).copied().unwrap_or(0);
        }
        for sector in std::mem::take(&mut self.dirty) {
            let from = (sector * SECTOR).min(size).min(self.current.len());
            let end = ((sector + 1) * SECTOR).min(size).min(self.current.len());
            let torn = match dice.below(4) {
                0 => from,
                1 => from + dice.below(end - from + 1),
                _ => end,
            };
            left[from..torn].copy_from_slice(&self.current[from..torn]);
        }
        self.current = left.clone();
        self.durable = left;
    }

    fn sync(&mut self) {
        self.durable.resize(self.current.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            let from = (sector * SECTOR).min(self.current.len());
            let end = (from + SECTOR).min(self.current.len());
            self.durable[from..end].copy_from_slice(&self.current[from..end]);
        }
    }

    fn write(&mut self, bytes: &[u8], offset: usize) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        if self.current.len() < end {
            self.current.resize(end, 0);
        }
        self.current[offset..end].copy_from_slice(bytes);
        self.dirty.extend(offset / SECTOR..=(end - 1) / SECTOR);
    }
}

fn order(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl Storage for SimStorage {
    fn path(&self) -> &Path {
        Path::new("simulated")
    }

    fn open(&self, name: &str) -> io::Result<Option<Box<dyn File>>> {
        self.read(0)?;
        let inode = self.disk().names.get(name).copied();
        Ok(inode.map(|inode| self.file(inode, name)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.call(0, true).1?;
        let mut disk = self.disk();
        let inode = disk.inodes.len();
        disk.inodes.push(Inode::default());
        disk.names.insert(name.into(), inode);
        drop(disk);
        self.note("create", name);
        Ok(self.file(inode, name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.call(0, false).1?;
        let mut disk = self.disk();
        let inode = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.into(), inode);
        drop(disk);
        self.note("rename to", to);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.call(0, false).1?;
        self.disk().names.remove(name).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.read(0)?;
        Ok(self.disk().names.keys().cloned().collect())
    }

    fn sync(&self) -> io::Result<()> {
        self.call(0, false).1?;
        let mut disk = self.disk();
        disk.durable_names = disk.names.clone();
        drop(disk);
        self.note("sync", "directory");
        Ok(())
    }
}

impl File for SimFile {
    fn size(&self) -> io::Result<u64> {
        self.disk.read(0)?;
        Ok(self.disk.disk().inodes[self.inode].current.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let allowed = self.disk.read(buffer.len())?;
        let buffer = &mut buffer[..allowed];
        let disk = self.disk.disk();
        let current = &disk.inodes[self.inode].current;
        let from = (offset as usize).min(current.len());
        let n = buffer.len().min(current.len() - from);
        buffer[..n].copy_from_slice(&current[from..from + n]);
        Ok(n)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let (done, result) = self.disk.call(bytes.len(), true);
        self.disk.disk().inodes[self.inode].write(&bytes[..done], offset as usize);
        self.disk.note("write", &self.name);
        result.map(|()| done)
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.disk.call(0, false).1?;
        self.disk.disk().inodes[self.inode].current.resize(size as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let (_, result) = self.disk.call(0, false);
        let delay = {
            let mut disk = self.disk.disk();
            disk.syncs += 1;
            let inode = &mut disk.inodes[self.inode];
            match &result {
                Ok(()) => inode.sync(),
                Err(_) => inode.dirty.clear(),
            }
            disk.delay
        };
        std::thread::sleep(delay);
        if result.is_ok() {
            self.disk.note("sync", &self.name);
        }
        result
    }
}
