//! Word of new messages of visitors, for the page's script.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use futures::stream;
use http::{HeaderName, HeaderValue, header};
use web::ApiError;

use crate::{Console, page::Member};

/// The path of the stream.
pub(crate) const PATH: &str = "/visitors/live";
/// Time without news after which a comment keeps the connection open, and the number of events and comments
/// after which the browser connects again.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const MOST: u32 = 240;

/// Returns a stream of server-sent events: one whenever something was said in a conversation.
pub(crate) async fn follow(State(console): State<Console>, member: Member) -> Result<Response, ApiError> {
    let news = console.avatars.listen_as_owner(member.account.id)?;
    let tasks = console.avatars.tasks_of_server()?;
    let body = stream::unfold((news, tasks, 0_u32), |(mut news, tasks, sent)| async move {
        if sent >= MOST {
            return None;
        }
        let text = if sent == 0 {
            "retry: 2000\n\n"
        } else {
            tokio::select! {
                next = tokio::time::timeout(KEEP_ALIVE, news.next()) => match next {
                    Ok(true) => "event: news\ndata: 1\n\n",
                    Ok(false) => return None,
                    Err(_silent) => ": ping\n\n",
                },
                () = tasks.stopping() => return None,
            }
        };
        Some((Ok::<_, Infallible>(Bytes::from_static(text.as_bytes())), (news, tasks, sent + 1)))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}
