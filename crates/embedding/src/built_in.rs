//! The model of this process. Questions are embedded by the caller's thread, and all else by one thread of
//! low priority.

use std::{
    fmt,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{Embedding, Error, Model};

/// Time without a text after which the model is released.
const IDLE: Duration = Duration::from_secs(300);
/// Interval at which idleness is checked.
const CHECK: Duration = Duration::from_secs(30);

/// A model that is loaded when the first text comes, and released when no text has come for five minutes.
pub struct BuiltIn {
    bytes: &'static [u8],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    model: Option<Arc<Model>>,
    last_used: Option<Instant>,
    /// The queue of the background thread, while there is one.
    jobs: Option<Sender<Job>>,
}

type Job = Box<dyn FnOnce() + Send>;

impl fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuiltIn").field("loaded", &self.is_loaded()).finish_non_exhaustive()
    }
}

impl BuiltIn {
    /// Creates a model that is not loaded yet.
    #[must_use]
    pub const fn new(bytes: &'static [u8]) -> Self {
        let state = State { model: None, last_used: None, jobs: None };
        Self { bytes, state: Mutex::new(state) }
    }

    /// Returns true if the model is in memory.
    pub fn is_loaded(&self) -> bool {
        self.state.lock().model.is_some()
    }

    /// Returns the embeddings of texts. Blocks the thread: about ten milliseconds for a short text.
    ///
    /// # Errors
    /// If the model cannot be loaded.
    pub fn embed(&'static self, texts: &[String]) -> Result<Vec<Embedding>, Error> {
        let model = self.model()?;
        let embedded = model.embed(texts);
        self.state.lock().last_used = Some(Instant::now());
        Ok(embedded)
    }

    /// Has the background thread embed texts, and call `done` with the result.
    ///
    /// # Errors
    /// If there is no thread and none can be started. `done` is not called then.
    pub fn embed_later(
        &'static self,
        texts: Vec<String>,
        done: impl FnOnce(Result<Vec<Embedding>, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        let job: Job = Box::new(move || done(self.embed(&texts)));
        let mut state = self.state.lock();
        let jobs = match &state.jobs {
            Some(jobs) => jobs,
            None => state.jobs.insert(self.start_thread()?),
        };
        jobs.send(job).map_err(|_ended| Error("its thread has ended"))
    }

    fn model(&'static self) -> Result<Arc<Model>, Error> {
        let mut state = self.state.lock();
        state.last_used = Some(Instant::now());
        if let Some(model) = &state.model {
            return Ok(Arc::clone(model));
        }
        let model = Arc::new(Model::load(self.bytes)?);
        state.model = Some(Arc::clone(&model));
        if state.jobs.is_none() {
            // The thread also releases the model.
            state.jobs = Some(self.start_thread()?);
        }
        Ok(model)
    }

    fn start_thread(&'static self) -> Result<Sender<Job>, Error> {
        let (jobs, queue) = channel();
        let run = move || {
            lower_priority();
            self.work(&queue);
        };
        thread::Builder::new()
            .name("embedding".to_owned())
            .spawn(run)
            .map_err(|_error| Error("no thread can be started"))?;
        Ok(jobs)
    }

    fn work(&self, queue: &Receiver<Job>) {
        loop {
            match queue.recv_timeout(CHECK) {
                Ok(job) => job(),
                Err(RecvTimeoutError::Timeout) if self.release(IDLE, Some(queue)) => return,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Releases the model if it has been idle for some time. With the queue of the background thread, also
    /// closes the queue. Returns false if there is something to do.
    fn release(&self, idle: Duration, queue: Option<&Receiver<Job>>) -> bool {
        let mut state = self.state.lock();
        if state.last_used.is_some_and(|used| used.elapsed() < idle) {
            return false;
        }
        // A job may have come since the queue was looked at. None comes while the state is locked.
        if let Some(job) = queue.and_then(|queue| queue.try_recv().ok()) {
            drop(state);
            job();
            return false;
        }
        state.model = None;
        if queue.is_some() {
            state.jobs = None;
        }
        true
    }
}

/// Lets all other threads go first.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        // On Linux, this is the priority of the thread. If it cannot be lowered, it stays as it is.
        let _unchanged = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_model_is_an_error() {
        static DAMAGED: BuiltIn = BuiltIn::new(b"E5S1\x01\0\0\0");
        assert_eq!(DAMAGED.embed(&["a".to_owned()]).unwrap_err(), Error("the model is truncated"));
        let (done, made) = channel();
        DAMAGED.embed_later(vec!["a".to_owned()], move |result| done.send(result.is_err()).unwrap()).unwrap();
        assert!(made.recv().unwrap());
        assert!(!DAMAGED.is_loaded());
    }

    #[cfg(feature = "model")]
    #[test]
    fn model_is_loaded_when_needed_and_released_when_idle() {
        let model = crate::built_in().unwrap();
        assert!(!model.is_loaded(), "nothing is loaded before the first text");
        let first = model.embed(&["hello".to_owned()]).unwrap();
        assert!(model.is_loaded());
        assert!(!model.release(IDLE, None), "it has just been used");
        assert!(model.release(Duration::ZERO, None));
        assert!(!model.is_loaded());
        let (done, made) = channel();
        model.embed_later(vec!["hello".to_owned()], move |result| done.send(result).unwrap()).unwrap();
        assert_eq!(made.recv().unwrap().unwrap(), first, "and loaded again");
    }
}
