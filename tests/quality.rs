//! How well questions find their answers in long conversations, by words alone.

use store::search::Tuning;
use testkit::{
    Engine, TestServer,
    conversations::{ALL, Conversation, hit, of_sort, places},
};

/// Of a hundred questions, so many have their answer among the first ten found: a floor, not a goal.
const FLOOR: f64 = 68.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_find_the_sentences_that_answer_them() {
    let server = TestServer::start(Engine::Sqlite).await;
    for (language, text) in ALL {
        let conversation = Conversation::parse(text);
        let account = server.person(language).await.account.id;
        let running = server.running();
        let ids = conversation.store(&running.memory, server.clock(), account).await;
        let found = places(&running.db, account, &conversation, &ids, Tuning::default()).await;
        for (question, place) in conversation.questions.iter().zip(&found) {
            if !question.reworded && place.is_none_or(|place| place >= 10) {
                println!("{place:?} {}", question.text);
            }
        }
        for (name, tuning) in [
            ("plain", Tuning { all_vote: true, lent: 0.0, dates: false }),
            ("function words", Tuning { all_vote: false, lent: 0.0, dates: false }),
            ("neighbours", Tuning { all_vote: false, lent: 1.0 / 3.0, dates: false }),
            ("dates", Tuning { all_vote: false, lent: 1.0 / 3.0, dates: true }),
        ] {
            let all = places(&running.db, account, &conversation, &ids, tuning).await;
            for reworded in [false, true] {
                let found = of_sort(&conversation, &all, reworded);
                let at = [1, 5, 10, 20].map(|count| format!("{:.1}", hit(&found, count)));
                println!("{language} {name} {reworded}: {}", at.join(" "));
            }
        }
        let found = of_sort(&conversation, &found, false);
        assert!(hit(&found, 10) >= FLOOR, "{language}: {} of 100", hit(&found, 10));
    }
}
