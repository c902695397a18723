//! `events-1k`: an event of about a kilobyte, half of it a body that no codec shrinks.
//!
//! The body and the event's id are computed per batch; the document, which is text with many repetitions, is pooled.

use super::pool::nullable_columns;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

pub const PERIOD: usize = 1 << 14;
/// 64-bit words of the incompressible body: 512 bytes.
pub const BODY_WORDS: usize = 64;
const KINDS: [&str; 8] =
    ["page_view", "click", "add_to_cart", "checkout", "search", "login", "logout", "subscription_renewal"];
const PLACES: [&str; 6] = ["home", "catalogue", "product", "basket", "account", "help"];
const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
];

/// `kind`, `account` and `document`, in this order.
pub fn pooled_columns(random: &mut ChaCha8Rng) -> Result<RecordBatch, ArrowError> {
    let kind: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..PERIOD).map(|_| KINDS[random.random_range(0..KINDS.len())])));
    let account: ArrayRef =
        Arc::new(Int64Array::from_iter_values((0..PERIOD).map(|_| random.random_range(1..5_000_000))));
    let document: ArrayRef = Arc::new(StringArray::from_iter_values((0..PERIOD).map(|_| document(random))));
    let columns = [("kind", kind), ("account", account), ("document", document)];
    nullable_columns(columns.into_iter().map(|(name, column)| (name.to_owned(), column)).collect())
}

fn document(random: &mut ChaCha8Rng) -> String {
    let place = PLACES[random.random_range(0..PLACES.len())];
    let agent = AGENTS[random.random_range(0..AGENTS.len())];
    let (session, item) = (random.random::<u64>(), random.random_range(0..100_000));
    let (width, height) = ([1280, 1440, 1920][random.random_range(0..3)], [720, 900, 1080][random.random_range(0..3)]);
    format!(
        "{{\"place\":\"{place}\",\"item\":{item},\"session\":\"{session:016x}\",\"agent\":\"{agent}\",\
         \"screen\":{{\"width\":{width},\"height\":{height}}},\"referrer\":\"https://shop.example/{place}/{item}\",\
         \"experiments\":[\"checkout-layout-b\",\"search-ranking-7\",\"recommendations-off\"],\
         \"consent\":{{\"analytics\":true,\"marketing\":false,\"personalisation\":true}},\"locale\":\"en-GB\"}}"
    )
}
