//! The quality of search by words in long conversations. See `bench/recall`.

use search::Tuning;
use testkit::{
    Engine, TestServer,
    conversations::{ALL, Conversation, hit, of_sort, places, places_in_lists, until_embedded},
};

/// Lower limit of the percentage of questions with an answer among the first ten hits. It is some points
/// below the measured values.
const FLOOR: f64 = 80.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_find_the_sentences_that_answer_them() {
    let server = TestServer::start(Engine::Sqlite).await;
    for (language, text) in ALL {
        let conversation = Conversation::parse(text);
        let account = server.person(language).await.account.id;
        let running = server.running();
        let ids = conversation.store(&running.memory, server.clock(), account).await;
        let found = places(&running.db, account, &conversation, &ids, Tuning::default()).await;
        let found = hit(&of_sort(&conversation, &found, false), 10);
        assert!(found >= FLOOR, "{language}: {found} of 100");
        let plain = Tuning { all_vote: true, lent: 0.0, dates: false };
        let plain = places(&running.db, account, &conversation, &ids, plain).await;
        assert!(
            hit(&of_sort(&conversation, &plain, false), 10) + 10.0 < found,
            "{language}: the rules are worth it"
        );
    }
}

/// Lower limits of the percentages of plain and of reworded questions, with the built-in model. They are some
/// points below the measured values.
const PLAIN_FLOOR: f64 = 85.0;
const REWORDED_FLOOR: f64 = 75.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reworded_questions_find_them_with_the_built_in_model() {
    let server = TestServer::configured(Engine::Sqlite, "embedding.built_in = true").await;
    let memory = &server.running().memory;
    for (language, text) in ALL {
        let conversation = Conversation::parse(text);
        let account = server.person(language).await.account;
        let ids = conversation.store(memory, server.clock(), account.id).await;
        until_embedded(memory, &account).await;
        let found = places_in_lists(memory, &account, &conversation, &ids).await;
        let plain = hit(&of_sort(&conversation, &found, false), 10);
        let reworded = hit(&of_sort(&conversation, &found, true), 10);
        assert!(
            plain >= PLAIN_FLOOR && reworded >= REWORDED_FLOOR,
            "{language}: {plain} and {reworded} of 100"
        );
    }
}
