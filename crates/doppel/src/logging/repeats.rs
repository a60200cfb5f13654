//! Repeated warnings. The first ones of a second are written, the others are counted and summed up once a
//! second, so that an outage does not fill the disk.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::{
    Event, Level, Metadata, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Filter};

/// Number of equal lines that are written in a second.
const PER_SECOND: u32 = 5;
const SECOND: Duration = Duration::from_secs(1);
/// Maximum number of kinds of lines that are counted. Lines of further kinds are all written.
const MAX_KINDS: usize = 1000;
/// The module of the summaries, whose own lines are never counted.
const OWN: &str = module_path!();

/// The call site of a line, and the cause that it names.
type Kind = (Identifier, String);

static KINDS: Mutex<Option<HashMap<Kind, Seen>>> = Mutex::new(None);

struct Seen {
    message: String,
    second: Instant,
    written: u32,
    left_out: u64,
}

/// A filter that leaves out repeated lines. [`sum_up`] has to be called once a second.
pub(super) struct Repeats;

impl<S: Subscriber> Filter<S> for Repeats {
    fn enabled(&self, _metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _context: &Context<'_, S>) -> bool {
        let about = event.metadata();
        if *about.level() > Level::WARN || about.module_path() == Some(OWN) {
            return true;
        }
        let mut text = Text::default();
        event.record(&mut text);
        note((about.callsite(), text.cause), text.message, Instant::now())
    }
}

/// Counts a line, and returns true if it is to be written.
fn note(kind: Kind, message: String, now: Instant) -> bool {
    let mut kinds = KINDS.lock();
    let kinds = kinds.get_or_insert_with(HashMap::new);
    if kinds.len() >= MAX_KINDS && !kinds.contains_key(&kind) {
        return true;
    }
    let seen = kinds.entry(kind).or_insert(Seen { message, second: now, written: 0, left_out: 0 });
    if now.duration_since(seen.second) >= SECOND && seen.left_out == 0 {
        (seen.second, seen.written) = (now, 0);
    }
    if seen.written < PER_SECOND {
        seen.written += 1;
        return true;
    }
    seen.left_out += 1;
    false
}

/// Writes a summary for each kind of which lines were left out, and forgets the other kinds.
pub(crate) fn sum_up() {
    for (message, cause, count) in take(Instant::now()) {
        tracing::warn!(count, cause, "{message} (the same again)");
    }
}

fn take(now: Instant) -> Vec<(String, String, u64)> {
    let mut kinds = KINDS.lock();
    let Some(kinds) = kinds.as_mut() else { return Vec::new() };
    let mut sums = Vec::new();
    kinds.retain(|(_, cause), seen| {
        let count = std::mem::take(&mut seen.left_out);
        if count > 0 {
            // While the repetition continues, the summaries are enough.
            (seen.second, seen.written) = (now, PER_SECOND);
            sums.push((seen.message.clone(), cause.clone(), count));
        }
        count > 0 || now.duration_since(seen.second) < SECOND
    });
    sums
}

/// The message of an event, and the cause that it names.
#[derive(Default)]
struct Text {
    message: String,
    cause: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let into = match field.name() {
            "message" => &mut self.message,
            "cause" | "error" => &mut self.cause,
            _ => return,
        };
        // Writing to a `String` never fails.
        let _written = write!(into, "{value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::{Layer, layer::SubscriberExt};

    /// Counts the lines that it is given.
    struct Lines(std::sync::Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
            let mut text = Text::default();
            event.record(&mut text);
            self.0.lock().push(format!("{}|{}", text.message, text.cause));
        }
    }

    #[test]
    fn an_outage_writes_a_few_lines_and_their_number() {
        let lines = std::sync::Arc::new(Mutex::new(Vec::new()));
        let subscriber =
            tracing_subscriber::registry().with(Lines(std::sync::Arc::clone(&lines)).with_filter(Repeats));
        tracing::subscriber::with_default(subscriber, || {
            for at in 0..1000 {
                let cause = if at % 2 == 0 { "the disk is full" } else { "the row is locked" };
                tracing::warn!(request.id = at, cause, "request refused for now");
                tracing::info!("told");
            }
            sum_up();
        });
        let lines = lines.lock();
        let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        assert_eq!(count("told"), 1000, "only warnings and errors are counted");
        assert_eq!(count("request refused for now|the disk is full"), 5);
        assert_eq!(count("request refused for now (the same again)|the disk is full"), 1);
        assert_eq!(count("|the row is locked"), 6);
    }
}
