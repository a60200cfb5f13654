//! Numbers of certificates. No I/O.

use store::Timestamp;

/// Returns `CERT-YYYYMMDD-NNN`, with more digits from the thousandth certificate of a day on.
pub(super) fn number(day: Timestamp, serial: i64) -> String {
    format!("CERT-{}-{serial:03}", day.date().replace('-', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let day = Timestamp(1_705_744_800_000);
        assert_eq!(number(day, 1), "CERT-20240120-001");
        assert_eq!(number(day, 1234), "CERT-20240120-1234");
    }
}
