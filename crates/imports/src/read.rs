//! Reading of a pack on a thread of its own, as an iterator.

use std::{
    path::Path,
    sync::mpsc::{Receiver, sync_channel},
};

use store::Zone;

use crate::{
    format,
    model::{Event, Problem, Reason, Source},
    out::Out,
    pack::{Limits, Pack},
    recognize,
};

/// Number of events that wait to be taken.
const WAITING: usize = 16;

/// The manner of reading.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The time zone of times without one.
    pub zone: Zone,
    /// The source, if the person named it.
    pub source: Option<Source>,
    /// Bounds of what is unpacked.
    pub limits: Limits,
}

/// The entries of a file, a folder or an archive. Dropping it ends the reading.
pub struct Reader(Receiver<Event>);

impl Reader {
    /// Begins to read.
    ///
    /// # Errors
    /// If the archive is damaged, locked, or too large, or if its format is not known.
    pub fn open(path: &Path, options: Options) -> Result<(Self, Source), Problem> {
        let mut pack = Pack::open(path, &options.limits)?;
        let unknown = || Problem {
            place: String::new(),
            line: 0,
            reason: Reason::Format,
            detail: String::new(),
            is_refused: true,
        };
        let source = options.source.or_else(|| recognize::of_pack(&mut pack)).ok_or_else(unknown)?;
        let (send, events) = sync_channel(WAITING);
        let work = move || {
            let mut emit = |event| send.send(event).is_ok();
            let mut out = Out::new(&mut emit, &options.zone, source);
            format::read_pack(&mut pack, &mut out);
        };
        // The thread ends with the file, or with the receiver.
        let begun = std::thread::Builder::new().name("import".to_owned()).spawn(work);
        match begun {
            Ok(_running) => Ok((Self(events), source)),
            Err(_none) => Err(unknown()),
        }
    }
}

impl Iterator for Reader {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.0.recv().ok()
    }
}
