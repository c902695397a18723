use super::super::choice::choose;
use super::super::figures::Figures;
use super::super::sample::Scope;
use super::super::tests::zstd;
use super::*;
use arrow::array::*;
use arrow::datatypes::{DataType, Field, TimeUnit};
use parquet::basic::Encoding;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const ROWS: usize = 200_000;

impl EncodingPlan {
    /// A plan of the same columns whose encoder panics.
    pub(in super::super) fn panicking(&self) -> Self {
        Self { panics: true, ..Self::new(self.schema.clone(), self.terms.codec).unwrap() }
    }
}

/// A clock that stands: sizes alone decide, and nothing depends on the machine.
fn stands() -> u64 {
    0
}

fn figures_of(values: &ArrayRef, codec: Compression) -> Figures {
    let writers = ColumnWriters::new(&Arc::new(Field::new("c", values.data_type().clone(), true))).unwrap();
    let sample = sample::take(values).unwrap();
    sample::look(&writers, &sample, codec, &Scope::All, stands).unwrap().figures
}

fn way_of(values: ArrayRef) -> ColumnWay {
    choose(&figures_of(&values, zstd()), values.len(), EncodingPolicy::Balanced, None)
}

fn timeless_plan(data_type: DataType) -> EncodingPlan {
    let schema = Arc::new(Schema::new(vec![Field::new("c", data_type, true)]));
    let mut plan = EncodingPlan::new(schema, zstd()).unwrap();
    plan.terms.clock = stands;
    plan
}

fn random() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn plain(compression: Compression) -> ColumnWay {
    ColumnWay::encoded(Encoding::PLAIN, compression)
}

const RAW: Compression = Compression::UNCOMPRESSED;

#[test]
fn random_doubles_are_plain() {
    let mut random = random();
    let values = (0..ROWS).map(|_| random.random::<f64>() * 100.0);
    assert_eq!(way_of(Arc::new(Float64Array::from_iter_values(values))), plain(RAW));
}

#[test]
fn doubles_of_a_thousand_values_get_a_dictionary() {
    let mut random = random();
    let values = (0..ROWS).map(|_| f64::from(random.random_range(0..1000)) / 10.0);
    assert_eq!(way_of(Arc::new(Float64Array::from_iter_values(values))), ColumnWay::dictionary(RAW));
}

#[test]
fn integers_of_five_values_are_a_few_bits_each() {
    let mut random = random();
    let codes = [200, 404, 500, 301, 70_000];
    let values = (0..ROWS).map(|_| codes[random.random_range(0..5)]);
    assert_eq!(way_of(Arc::new(Int32Array::from_iter_values(values))), ColumnWay::dictionary(RAW));
}

#[test]
fn strings_of_a_thousand_values_get_a_dictionary() {
    let mut random = random();
    let values = (0..ROWS).map(|_| format!("device-{:013}", random.random_range(0..1000)));
    assert_eq!(way_of(Arc::new(StringArray::from_iter_values(values))), ColumnWay::dictionary(RAW));
}

#[test]
fn unique_strings_are_plain_and_compressed_when_that_pays() {
    let values = (0..ROWS).map(|row| format!("order number {row:09} of the year"));
    assert_eq!(way_of(Arc::new(StringArray::from_iter_values(values))), plain(zstd()));
    let mut random = random();
    let values = (0..ROWS).map(|_| random.random::<[u8; 24]>());
    assert_eq!(way_of(Arc::new(BinaryArray::from_iter_values(values))), plain(RAW));
}

#[test]
fn a_dictionary_too_large_for_its_page_is_none() {
    let mut random = random();
    // 60,000 values of 20 bytes: each returns, but all of them are 1.4 MB.
    let values = (0..4 * ROWS).map(|_| format!("{:020}", random.random_range(0..60_000)));
    assert_eq!(way_of(Arc::new(StringArray::from_iter_values(values))).encoding, Some(Encoding::PLAIN));
}

#[test]
fn rising_timestamps_and_ids_are_deltas_without_codec() {
    let mut random = random();
    let mut now = 1_700_000_000_000_000;
    let times = (0..ROWS).map(|_| {
        now += random.random_range(0..1500);
        now
    });
    let delta = ColumnWay::encoded(Encoding::DELTA_BINARY_PACKED, RAW);
    assert_eq!(way_of(Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))), delta);
    // Evenly rising ones are nearly nothing, with a codec or without.
    let ids = (0..ROWS as i64).map(|row| 40_000 + row);
    assert_eq!(way_of(Arc::new(Int64Array::from_iter_values(ids))), delta);
}

#[test]
fn random_longs_are_plain() {
    let mut random = random();
    let values = (0..ROWS).map(|_| random.random::<i64>());
    assert_eq!(way_of(Arc::new(Int64Array::from_iter_values(values))), plain(RAW));
}

#[test]
fn a_codec_that_is_not_wanted_is_not_tried() {
    let values: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("number {row:09}"))));
    let figures = figures_of(&values, RAW);
    assert!(figures.ways.iter().all(|measured| measured.way.compression == RAW));
    assert_eq!(choose(&figures, ROWS, EncodingPolicy::Size, None), plain(RAW));
}

fn devices(rows: usize) -> ArrayRef {
    let mut random = random();
    let names = (0..rows).map(|_| format!("device-{:013}", random.random_range(0..500)));
    Arc::new(StringArray::from_iter_values(names))
}

fn unique(rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("number {:013}", row * 7_919))))
}

fn written(plan: &EncodingPlan, values: &ArrayRef) -> ColumnWay {
    let chunks = plan.encode_column(0, values).unwrap();
    let metadata = &chunks[0].close().metadata;
    let dictionary = metadata.dictionary_page_offset().is_some();
    let known = [Encoding::PLAIN, Encoding::DELTA_BINARY_PACKED];
    let encoding =
        known.into_iter().find(|encoding| !dictionary && metadata.encodings().any(|found| found == *encoding));
    ColumnWay { encoding, compression: metadata.compression() }
}

#[test]
fn row_groups_of_all_sizes_go_by_one_look() {
    let plan = timeless_plan(DataType::Utf8);
    assert_eq!(written(&plan, &devices(20_000)).encoding, None);
    assert_eq!(written(&plan, &devices(50)).encoding, Some(Encoding::PLAIN), "a dictionary of 50 rows saves nothing");
    assert_eq!(written(&plan, &devices(20_000)).encoding, None);
}

#[test]
fn a_column_that_grows_is_looked_at_again() {
    let plan = timeless_plan(DataType::Utf8);
    assert_eq!((written(&plan, &devices(50)), plan.way(0)), (plain(RAW), None), "too few rows to learn from");
    assert_eq!(written(&plan, &unique(1_500)).encoding, Some(Encoding::PLAIN));
    assert_eq!(written(&plan, &devices(20_000)).encoding, None);
}

#[test]
fn a_column_whose_values_change_is_written_another_way_soon() {
    let plan = timeless_plan(DataType::Utf8);
    written(&plan, &devices(20_000));
    assert_eq!(written(&plan, &unique(20_000)).encoding, None, "nobody knows yet");
    assert_eq!(written(&plan, &unique(20_000)), plain(zstd()));
    // Values that return again are no larger than promised, and found at the next look.
    let mut row_groups = 0..2 * super::super::learning::ROW_GROUPS_PER_LOOK * 4;
    assert!(row_groups.any(|_| written(&plan, &devices(20_000)).encoding.is_none()));
}

#[test]
fn a_dictionary_that_outgrows_its_page_is_given_up_after_one_row_group() {
    let plan = timeless_plan(DataType::Utf8);
    // The runs of the sample lie where values return; between them all are new.
    let rows = 400_000;
    let stride = (rows - 1024) / 7;
    let mut random = random();
    let mut text = |row: usize| if row % stride < 1024 { random.random_range(0..97) } else { row };
    let misleading: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("{:032}", text(row) * 7_919))));
    assert_eq!(plan.way(0), None);
    plan.encode_column(0, &misleading).unwrap();
    assert_eq!(written(&plan, &misleading).encoding, Some(Encoding::PLAIN));
}

#[test]
fn sizes_of_real_samples_follow_the_policy() {
    let rows = super::super::tests::flat_rows(&(0..30_000).map(|value| Some(value * 31)).collect::<Vec<_>>());
    for column in rows.columns() {
        let figures = figures_of(column, zstd());
        let bytes = EncodingPolicy::ALL.map(|policy| {
            let way = choose(&figures, column.len(), policy, None);
            figures.bytes(figures.of(way).unwrap(), column.len())
        });
        let least =
            figures.ways.iter().map(|measured| figures.bytes(measured, column.len())).fold(f64::INFINITY, f64::min);
        assert!(bytes[2] <= bytes[1] * 1.01 && bytes[2] <= bytes[0] * 1.01, "{} {bytes:?}", column.data_type());
        assert!(bytes[2] <= least * 1.02 + 0.01, "{} {bytes:?} {least}", column.data_type());
    }
}

#[test]
fn what_is_reckoned_from_a_sample_is_what_is_written() {
    let mut random = random();
    let times = (0..ROWS as i64).map(|row| 1_700_000_000_000_000 + row * 1000 + random.random_range(0..500));
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(times));
    for values in [devices(ROWS), unique(ROWS), times] {
        let figures = figures_of(&values, zstd());
        let writers = ColumnWriters::new(&Arc::new(Field::new("c", values.data_type().clone(), true))).unwrap();
        for measured in figures
            .ways
            .iter()
            .filter(|measured| measured.way.encoding.is_some() || figures.dictionary_bytes(ROWS) < 1e6)
        {
            let written = writers.encode(&[measured.way], &values).unwrap()[0].close().bytes_written as f64;
            let reckoned = figures.bytes(measured, ROWS) * ROWS as f64;
            assert!((0.75..1.35).contains(&(reckoned / written)), "{:?}: {reckoned} {written}", measured.way);
        }
    }
}

#[test]
fn the_first_lz4_is_never_written() {
    let plan = EncodingPlan::new(Arc::new(Schema::empty()), Compression::LZ4).unwrap();
    assert_eq!(plan.terms.codec, Compression::LZ4_RAW);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_sample_leads_to_a_way_that_its_type_can_be_written(
        values in prop::collection::vec(any::<Option<i64>>(), 0..300),
        columns in prop::collection::vec(0usize..15, 1..4),
    ) {
        let rows = super::super::tests::flat_rows(&values);
        for column in columns {
            let way = way_of(rows.column(column).clone());
            let writers = ColumnWriters::new(&rows.schema_ref().fields()[column]).unwrap();
            prop_assert!(writers.encode(&[way], rows.column(column)).is_ok());
        }
    }
}

#[test]
fn an_empty_column_and_one_of_nulls_are_written_some_way() {
    for rows in [0, 10_000] {
        for data_type in [DataType::Utf8, DataType::Float64, DataType::Timestamp(TimeUnit::Microsecond, None)] {
            way_of(new_null_array(&data_type, rows));
        }
    }
}
