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
        Self { panics: true, ..Self::new(self.schema.clone(), self.codec).unwrap() }
    }
}

fn way_of(values: ArrayRef) -> ColumnWay {
    let writers = ColumnWriters::new(&Arc::new(Field::new("c", values.data_type().clone(), true))).unwrap();
    let sample = sample::take(&values).unwrap();
    choose(&sample::figures(&writers, &sample, values.len(), zstd()).unwrap(), zstd())
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
    let writers = ColumnWriters::new(&Arc::new(Field::new("c", DataType::Utf8, true))).unwrap();
    let figures = sample::figures(&writers, &sample::take(&values).unwrap(), ROWS, RAW).unwrap();
    assert_eq!(figures.plain.raw, figures.plain.compressed);
    assert_eq!(choose(&figures, RAW), plain(RAW));
}

#[test]
fn a_column_is_looked_at_again_when_its_row_groups_grow_and_after_a_while() {
    let schema = Arc::new(Schema::new(vec![Field::new("c", DataType::Utf8, true)]));
    let plan = EncodingPlan::new(schema, zstd()).unwrap();
    let devices = |rows: usize| -> ArrayRef {
        let mut random = random();
        let names = (0..rows).map(|_| format!("device-{:013}", random.random_range(0..500)));
        Arc::new(StringArray::from_iter_values(names))
    };
    let unique: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..20_000).map(|row| format!("number {:013}", row * 7_919))));
    plan.encode_column(0, &devices(50)).unwrap();
    assert_eq!(plan.way(0).unwrap().encoding, Some(Encoding::PLAIN), "a dictionary of 50 rows saves nothing");
    plan.encode_column(0, &devices(20_000)).unwrap();
    assert_eq!(plan.way(0).unwrap().encoding, None);
    for _ in 0..ROW_GROUPS_PER_LOOK {
        plan.encode_column(0, &unique).unwrap();
    }
    assert_eq!(plan.way(0).unwrap(), plain(zstd()));
}

#[test]
fn the_first_lz4_is_never_written() {
    let plan = EncodingPlan::new(Arc::new(Schema::empty()), Compression::LZ4).unwrap();
    assert_eq!(plan.codec, Compression::LZ4_RAW);
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
