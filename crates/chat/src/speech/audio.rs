//! Measuring MP3. No I/O.

use std::io::Cursor;

use symphonia_bundle_mp3::MpaReader;
use symphonia_core::{
    formats::{FormatOptions, FormatReader as _},
    io::MediaSourceStream,
};

/// Duration and sample rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) duration_ms: i64,
    pub(super) sample_rate: i64,
}

/// Measures an MP3 by its frames; `None` if it is none.
pub(super) fn measure(sound: &[u8]) -> Option<Measured> {
    let source = Cursor::new(sound.to_vec());
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let mut reader = MpaReader::try_new(stream, &FormatOptions::default()).ok()?;
    let rate = u64::from(reader.default_track()?.codec_params.sample_rate?);
    let mut samples = 0_u64;
    // The stream ends with an error.
    while let Ok(packet) = reader.next_packet() {
        samples = samples.saturating_add(packet.dur());
    }
    let duration_ms = samples.saturating_mul(1000).checked_div(rate).filter(|duration| *duration > 0)?;
    Some(Measured { duration_ms: i64::try_from(duration_ms).ok()?, sample_rate: i64::try_from(rate).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns frames of silence: MPEG-2 layer III, 48 kbit/s, 24 kHz, mono; 576 samples in 144 bytes each.
    fn silence(frames: usize) -> Vec<u8> {
        let mut frame = vec![0xff, 0xf3, 0x64, 0xc4];
        frame.resize(144, 0);
        frame.repeat(frames)
    }

    #[test]
    fn duration_is_that_of_the_frames() {
        for (frames, milliseconds) in [(10, 240), (125, 3000), (1250, 30_000)] {
            let expected = Measured { duration_ms: milliseconds, sample_rate: 24_000 };
            assert_eq!(measure(&silence(frames)), Some(expected));
        }
    }

    #[test]
    fn other_sounds_and_nonsense_are_no_mp3() {
        for sound in [&b""[..], b"RIFF\0\0\0\0WAVEfmt ", b"{\"error\": \"no voice\"}", &[0; 5000]] {
            assert_eq!(measure(sound), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..3000), at in 0_usize..800) {
            let mut sound = silence(6);
            let at = at.min(sound.len());
            sound.splice(at..at, bytes);
            let measured = measure(&sound);
            prop_assert!(measured.is_none_or(|measured| measured.duration_ms < 60_000));
        }
    }
}
