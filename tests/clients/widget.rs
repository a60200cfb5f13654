//! The widget on a page at another origin, and pages for readers without an account, in Chromium.

use testkit::model::Model;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_elsewhere_shows_an_avatar() {
    let model = Model::start().await;
    super::pages::walk("widget.mjs", &model).await;
}
