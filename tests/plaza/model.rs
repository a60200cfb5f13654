//! The Plaza compared with a model of it. Several people perform random actions, in sequence and
//! concurrently. Counters and feeds must equal those of the model at the end, and in sequence also after
//! every step.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use plaza::{
    CommentId, Plaza,
    comment::NewComment,
    cursor::CursorParams,
    feed::{FeedFilter, Sort},
    post::{Kind, NewPost, rules::hot},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use store::{AccountId, Timestamp};
use testkit::{TestServer, both_engines};

use super::square::resident;

const PEOPLE: usize = 3;
const KINDS: [Kind; 3] = Kind::ALL;

#[derive(Debug, Clone)]
enum Step {
    Post { kind: usize },
    Comment { post: usize, reply: Option<usize>, human: bool },
    Like { post: usize, likes: bool },
    LikeComment { comment: usize, likes: bool },
    DeletePost { post: usize },
    DeleteComment { comment: usize },
    Wait,
}

fn action() -> impl Strategy<Value = Step> {
    let which = 0_usize..64;
    prop_oneof![
        3 => (0..3_usize).prop_map(|kind| Step::Post { kind }),
        5 => (which.clone(), proptest::option::of(which.clone()), any::<bool>())
            .prop_map(|(post, reply, human)| Step::Comment { post, reply, human }),
        5 => (which.clone(), any::<bool>()).prop_map(|(post, likes)| Step::Like { post, likes }),
        2 => (which.clone(), any::<bool>()).prop_map(|(comment, likes)| Step::LikeComment { comment, likes }),
        1 => which.clone().prop_map(|post| Step::DeletePost { post }),
        1 => which.prop_map(|comment| Step::DeleteComment { comment }),
        2 => Just(Step::Wait),
    ]
}

/// Returns sequences of actions, the same in each run.
fn sequences(number: usize, length: usize) -> Vec<Vec<(usize, Step)>> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let strategy = proptest::collection::vec((0..PEOPLE, action()), length);
    (0..number).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[derive(Debug, Clone)]
struct PostModel {
    name: String,
    author: usize,
    kind: Kind,
    made: Timestamp,
    likes: BTreeSet<usize>,
    is_live: bool,
}

#[derive(Debug, Clone)]
struct CommentModel {
    id: CommentId,
    post: usize,
    author: usize,
    root: Option<CommentId>,
    human: bool,
    likes: BTreeSet<usize>,
    is_live: bool,
}

#[derive(Debug, Default)]
struct Model {
    posts: Vec<PostModel>,
    comments: Vec<CommentModel>,
}

impl Model {
    fn comments_of(&self, post: usize) -> impl Iterator<Item = &CommentModel> {
        self.comments.iter().filter(move |comment| comment.post == post && comment.is_live)
    }

    fn hot(&self, at: usize) -> i64 {
        let post = &self.posts[at];
        let comments = self.comments_of(at).count();
        hot(post.made, post.likes.len() as i64, comments as i64)
    }
}

struct World {
    plaza: Plaza,
    people: Vec<AccountId>,
}

async fn world(server: &TestServer) -> World {
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(resident(server, &format!("p{number}")).await.account.id);
        server.running().plaza.let_double_speak(people[number], true).await.unwrap();
    }
    World { plaza: server.running().plaza.clone(), people }
}

impl World {
    /// Performs an action on the Plaza and, if it succeeds, in the model. Both must agree on its success.
    async fn act(&self, server: &TestServer, model: &mut Model, who: usize, action: &Step) {
        let account = self.people[who];
        let (posts, comments) = (model.posts.len(), model.comments.len());
        match action {
            Step::Post { kind } => {
                let kind = KINDS[*kind];
                let name = self.plaza.post(account, new_post(kind)).await.unwrap();
                let made = server.clock().now();
                model.posts.push(PostModel {
                    name,
                    author: who,
                    kind,
                    made,
                    likes: BTreeSet::new(),
                    is_live: true,
                });
            }
            Step::Comment { post, reply, human } if posts > 0 => {
                let post = post % posts;
                let parent = reply.filter(|_| comments > 0).map(|at| &model.comments[at % comments]);
                let expected = model.posts[post].is_live
                    && parent.is_none_or(|parent| parent.is_live && parent.post == post);
                let new = new_comment(&model.posts[post].name, parent.map(|parent| parent.id), *human);
                let root = parent.map(|parent| parent.root.unwrap_or(parent.id));
                let made = self.plaza.comment(account, new).await;
                assert_eq!(made.is_ok(), expected, "{action:?}");
                if let Ok(id) = made {
                    let likes = BTreeSet::new();
                    model.comments.push(CommentModel {
                        id,
                        post,
                        author: who,
                        root,
                        human: *human,
                        likes,
                        is_live: true,
                    });
                }
            }
            Step::Like { post, likes } if posts > 0 => {
                let post = &mut model.posts[post % posts];
                let now = self.plaza.like_post(account, &post.name, *likes).await;
                assert_eq!(now.is_ok(), post.is_live);
                if let Ok(now) = now {
                    if *likes {
                        post.likes.insert(who)
                    } else {
                        post.likes.remove(&who)
                    };
                    assert_eq!(now, post.likes.len() as i64);
                }
            }
            Step::LikeComment { comment, likes } if comments > 0 => {
                let at = comment % comments;
                let is_there = model.comments[at].is_live && model.posts[model.comments[at].post].is_live;
                let comment = &mut model.comments[at];
                let now = self.plaza.like_comment(account, comment.id, *likes).await;
                assert_eq!(now.is_ok(), is_there);
                if now.is_ok() {
                    if *likes {
                        comment.likes.insert(who)
                    } else {
                        comment.likes.remove(&who)
                    };
                }
            }
            Step::DeletePost { post } if posts > 0 => {
                let post = &mut model.posts[post % posts];
                let gone = self.plaza.delete_post(account, None, &post.name).await.is_ok();
                assert_eq!(gone, post.is_live && post.author == who);
                post.is_live &= !gone;
            }
            Step::DeleteComment { comment } if comments > 0 => {
                let at = comment % comments;
                let is_there = model.comments[at].is_live && model.posts[model.comments[at].post].is_live;
                let comment = &mut model.comments[at];
                let gone = self.plaza.delete_comment(account, None, comment.id).await.is_ok();
                assert_eq!(gone, is_there && comment.author == who);
                comment.is_live &= !gone;
            }
            Step::Wait => server.clock().advance_ms(1_234_567),
            _ => {}
        }
    }

    /// Checks that all counts and all pages of both feeds and of the comments equal those of the model.
    async fn compare(&self, model: &Model) {
        let reader = self.people[0];
        let mut live: Vec<usize> = (0..model.posts.len()).filter(|at| model.posts[*at].is_live).collect();
        for sort in [Sort::Timeline, Sort::Featured] {
            // The order of the model is the order of time.
            live.sort_by_key(|at| if sort == Sort::Featured { model.hot(*at) } else { 0 });
            let expected: Vec<&str> = live.iter().rev().map(|at| model.posts[*at].name.as_str()).collect();
            let mut seen = Vec::new();
            for page in 1.. {
                let cursor =
                    CursorParams { page: Some(page), page_size: Some(5), snapshot: None }.check().unwrap();
                let feed = self
                    .plaza
                    .feed(reader, &FeedFilter { sort, ..FeedFilter::default() }, cursor)
                    .await
                    .unwrap();
                assert_eq!(feed.total, live.len() as i64);
                let count = |kind| live.iter().filter(|at| model.posts[**at].kind == kind).count() as i64;
                let counts = (feed.counts.discussion, feed.counts.ama, feed.counts.info);
                assert_eq!(counts, (count(Kind::Discussion), count(Kind::Ama), count(Kind::Info)));
                seen.extend(feed.posts.into_iter().map(|post| post.name));
                if !feed.has_more {
                    break;
                }
            }
            assert_eq!(seen, expected, "{sort:?}");
            live.sort_unstable();
        }
        for (at, expected) in model.posts.iter().enumerate() {
            let found = self.plaza.find_post(reader, &expected.name).await;
            assert_eq!(found.is_ok(), expected.is_live);
            let Ok(post) = found else { continue };
            let humans = model.comments_of(at).filter(|comment| comment.human).count() as i64;
            assert_eq!((post.likes, post.liked), (expected.likes.len() as i64, expected.likes.contains(&0)));
            assert_eq!((post.comments, post.human_comments), (model.comments_of(at).count() as i64, humans));
            assert_eq!(post.hot, model.hot(at));
            let cursor = CursorParams { page_size: Some(100), ..CursorParams::default() }.check().unwrap();
            let listed = self.plaza.comments(reader, &expected.name, cursor).await.unwrap();
            let shown: BTreeMap<CommentId, _> = listed
                .items
                .iter()
                .map(|comment| (comment.id, (comment.root, comment.likes, comment.liked)))
                .collect();
            let expected: BTreeMap<CommentId, _> = model
                .comments_of(at)
                .map(|comment| {
                    (comment.id, (comment.root, comment.likes.len() as i64, comment.likes.contains(&0)))
                })
                .collect();
            assert_eq!(shown, expected);
        }
    }
}

fn new_post(kind: Kind) -> NewPost {
    NewPost {
        content: "模型 model".into(),
        kind,
        circle: String::new(),
        topic: "t".into(),
        extras: plaza::post::Extras::default(),
    }
}

fn new_comment(post: &str, reply_to: Option<CommentId>, human: bool) -> NewComment {
    NewComment {
        post: post.to_owned(),
        content: "x".into(),
        reply_to,
        reply_to_name: None,
        source: if human { "user" } else { "double" }.into(),
        sticker_url: String::new(),
    }
}

#[both_engines(
    "plaza.posts_per_hour = 100000\nplaza.comments_per_hour = 100000\nplaza.likes_per_hour = 100000\n\
     plaza.double_comments_per_day = 100000"
)]
async fn one_after_another(server: TestServer) {
    let world = world(&server).await;
    let mut model = Model::default();
    for sequence in sequences(4, 60) {
        for (at, (who, action)) in sequence.iter().enumerate() {
            world.act(&server, &mut model, *who, action).await;
            if at % 20 == 19 {
                world.compare(&model).await;
            }
        }
    }
}

/// Everybody likes, comments and deletes concurrently on the same posts. The final likes are still known,
/// because each person's own actions are in sequence.
#[both_engines(
    "plaza.posts_per_hour = 100000\nplaza.comments_per_hour = 100000\nplaza.likes_per_hour = 100000\n\
     plaza.double_comments_per_day = 100000"
)]
async fn at_once(server: TestServer) {
    let world = &world(&server).await;
    let mut model = Model::default();
    for number in 0..6 {
        world.act(&server, &mut model, number % PEOPLE, &Step::Post { kind: number % 3 }).await;
        server.clock().advance_ms(1000);
    }
    let sequences = sequences(PEOPLE, 80);
    let names: Vec<String> = model.posts.iter().map(|post| post.name.clone()).collect();
    let names = &names;
    let work = sequences.iter().enumerate().map(|(who, sequence)| async move {
        let account = world.people[who];
        let (mut likes, mut mine) = (BTreeMap::new(), Vec::new());
        for (_, action) in sequence {
            match action {
                Step::Like { post, likes: wanted } => {
                    let post = post % names.len();
                    world.plaza.like_post(account, &names[post], *wanted).await.unwrap();
                    likes.insert(post, *wanted);
                }
                Step::Comment { post, human, .. } => {
                    let post = post % names.len();
                    let id =
                        world.plaza.comment(account, new_comment(&names[post], None, *human)).await.unwrap();
                    mine.push(CommentModel {
                        id,
                        post,
                        author: who,
                        root: None,
                        human: *human,
                        likes: BTreeSet::new(),
                        is_live: true,
                    });
                }
                Step::DeleteComment { comment } if !mine.is_empty() => {
                    let at = comment % mine.len();
                    let gone = world.plaza.delete_comment(account, None, mine[at].id).await.is_ok();
                    assert_eq!(gone, mine[at].is_live);
                    mine[at].is_live = false;
                }
                _ => {}
            }
        }
        (who, likes, mine)
    });
    for (who, likes, comments) in join_all(work).await {
        for (post, likes) in likes {
            if likes {
                model.posts[post].likes.insert(who);
            }
        }
        model.comments.extend(comments);
    }
    world.compare(&model).await;
    // After concurrent posts and deletions, the counters equal the numbers of rows.
    let posting =
        (0..12).map(|number| world.plaza.post(world.people[number % PEOPLE], new_post(KINDS[number % 3])));
    let made: Vec<String> = join_all(posting).await.into_iter().map(Result::unwrap).collect();
    let deleting = made
        .iter()
        .take(6)
        .chain(made.iter().take(6))
        .enumerate()
        .map(|(at, name)| world.plaza.delete_post(world.people[at % PEOPLE], Some("test"), name));
    assert_eq!(join_all(deleting).await.into_iter().filter(Result::is_ok).count(), 6, "each once");
    let cursor = CursorParams::default().check().unwrap();
    let feed = world.plaza.feed(world.people[0], &FeedFilter::default(), cursor).await.unwrap();
    assert_eq!((feed.total, feed.posts.len()), (12, 12));
    let (_, about) = world.plaza.topic(world.people[0], "t", cursor).await.unwrap();
    assert_eq!((about.total, about.posts.len()), (12, 12));
}
