//! Fuzz targets: snapshots of lists, multipart forms, and the kinds of files.

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request},
};
use futures::executor::block_on;
use http::header;
use proptest::prelude::*;
use web::paging::PageParams;

use crate::{cursor::CursorParams, file::Kind};

const SNAPSHOTS: &[&[u8]] =
    &[b"1a2b3c.14.ff", b"0.0.0", b"7fffffffffffffff.7fffffffffffffff.7fffffffffffffff", b"-1.1.1"];
const FORMS: &[&[u8]] = &[
    b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\
        \r\n\x89PNG\r\n\x1a\n\0\0\0\rIHDR\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\n\
        Content-Disposition: form-data; name=\"file\"\r\n\r\nGIF89a\r\n--x--",
];
const FILES: &[&[u8]] = &[
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0",
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01",
    b"GIF89a\x01\0\x01\0",
    b"RIFF\x24\0\0\0WEBPVP8 ",
    b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    b"ID3\x04\0\0\0\0\0\0",
    b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
];

proptest! {
    #![proptest_config(fuzz::config())]

    #[test]
    fn a_snapshot_leads_to_a_page_within_the_limits_or_is_refused(
        text in fuzz::text(SNAPSHOTS), number in 1_i64..2_000, size in 1_i64..200,
    ) {
        let page = PageParams { page_no: Some(number), page_size: Some(size) }.check();
        let Ok(page) = page else { return Ok(()) };
        match fuzz::timed(|| CursorParams { snapshot: Some(text.clone()) }.check(page)) {
            Ok(cursor) => {
                prop_assert!((1..=100).contains(&cursor.limit) && (0..=page.offset).contains(&cursor.offset));
                prop_assert!(cursor.newest.is_none_or(|newest| newest >= 0 && cursor.before_id() >= 0));
            }
            Err(error) => prop_assert_eq!(error.code().status().as_u16(), 422),
        }
    }

    #[test]
    fn a_form_has_no_more_than_was_sent(bytes in fuzz::bytes(FORMS), boundary in "[a-zx]{1,3}") {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .body(Body::from(bytes.clone()))
            .unwrap();
        let mut read = 0;
        fuzz::timed(|| block_on(async {
            let Ok(mut form) = Multipart::from_request(request, &()).await else { return };
            while let Ok(Some(mut field)) = form.next_field().await {
                while let Ok(Some(chunk)) = field.chunk().await {
                    read += chunk.len();
                }
            }
        }));
        prop_assert!(read <= bytes.len());
    }

    #[test]
    fn a_file_is_one_of_the_kinds_that_run_nothing(bytes in fuzz::bytes(FILES)) {
        if let Some(kind) = fuzz::timed(|| Kind::of(&bytes)) {
            prop_assert!(["png", "jpg", "gif", "webp", "mp4", "mp3"].contains(&kind.ending()));
            let text = bytes.trim_ascii_start();
            prop_assert!(!text.starts_with(b"<"), "markup is no file of any kind");
        }
    }
}
