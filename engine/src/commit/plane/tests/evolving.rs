//! Columns that are added, by streams and by others, to real tables.

use super::world::{World, commits, described, read_back, rows, schema};
use super::*;
use crate::columns::additions::Addition;
use crate::commit::attempt::Plan;
use crate::handover::answer::{Held, TableColumns};
use crate::handover::evolve::EvolvePolicy;
use crate::table::delta::DeltaTable;
use lakehead_protocol::schema::{DataType, Field, Schema};
use std::path::Path;
use url::Url;

/// The table's columns and these.
fn with(names: &[&str]) -> Schema {
    let mut fields = schema().fields;
    fields.extend(names.iter().map(|name| Field::flat(*name, DataType::Double, false)));
    Schema::flat(fields)
}

fn wish(world: &World, table: TableKey, schema: &Schema) {
    world.plane.submit(Request::AddColumns { shard: ShardId(0), table, schema: Arc::new(schema.clone()) });
}

fn columns(world: &World) -> (u64, u64, Arc<TableColumns>) {
    match world.shards[0].next() {
        Answer::Discarded { generation, next_cut, columns: Some(columns), .. } => (generation, next_cut, columns),
        other => panic!("{other:?}"),
    }
}

fn names(schema: &Schema) -> Vec<&str> {
    schema.top_level().map(|field| field.name.as_str()).collect()
}

/// What another engine does.
fn alter(folder: &Path, name: &str) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let url = Url::from_directory_path(folder).unwrap();
    let table = DeltaTable::at(&url, crate::table::delta::table::kernel_engine(runtime.handle().clone())).unwrap();
    let known = table.load().unwrap().unwrap();
    let column = Schema::flat(vec![Field::flat(name, DataType::Date, true)]);
    let version = known.view().version + 1;
    let plan = Plan { version, columns: vec![Addition { parent: vec![], column }], ..Plan::default() };
    let frozen = table.freeze(&known, &plan, &[]).unwrap();
    assert_eq!(table.put(version, &frozen.bytes), crate::store::PutOutcome::Created);
}

#[test]
fn columns_are_added_in_a_commit_of_their_own_and_rows_go_on_under_them() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |settings| settings.evolve = EvolvePolicy::Add);
    let table = world.open(0, "t", Some(schema())).unwrap();
    wish(&world, table.key, &with(&["x"]));
    let (generation, next_cut, columns) = columns(&world);
    assert_eq!(names(&columns.schema), ["stream", "seq", "x"]);
    assert_eq!(columns.schema.fields[2].nullable, 1, "rows that are there have none");
    let log = commits(&folder.path().join("t"));
    assert_eq!(log.len(), 2);
    assert!(log[1].contains("metaData") && !log[1].contains("\"add\""), "{}", log[1]);
    // A wish that came too late is granted already.
    wish(&world, table.key, &with(&["x"]));
    let evolved = OpenTable { arrow_schema: columns.arrow_schema.clone(), ..table.clone() };
    let short = rows(&table, "a", 0, 10);
    let absent = arrow::array::new_null_array(columns.arrow_schema.field(2).data_type(), 10);
    let arrays = vec![short.column(0).clone(), short.column(1).clone(), absent];
    let rows = arrow::array::RecordBatch::try_new(evolved.arrow_schema.clone(), arrays).unwrap();
    let memory = world.budget.reserve(0);
    world.plane.submit(Request::WantCut { table: table.key, urgency: Urgency::Now });
    let (asked, cut) = world.shards[0].cut_wanted();
    assert_eq!((asked, cut), (generation, next_cut));
    let row_group = RowGroup { shard: ShardId(0), generation, cut, rows, memory };
    table.port.try_send(Piece::RowGroup(row_group)).unwrap();
    world.done(&table, (0, generation, cut), &[("a", 0, 0, 10)], &[]);
    world.shards[0].committed();
    world.plane.stop();
    assert_eq!(read_back(&folder.path().join("t"))["a"], (0..10).collect::<Vec<_>>());
    assert_eq!(names(&described(&folder.path().join("t")).columns.wire), ["stream", "seq", "x"]);
}

#[test]
fn new_columns_are_refused_by_default_with_their_names_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |_| {});
    let table = world.open(0, "t", Some(schema())).unwrap();
    wish(&world, table.key, &with(&["x", "y"]));
    let Answer::ColumnsRefused { schema, why, .. } = world.shards[0].next() else { panic!() };
    assert_eq!((&*schema, why.code), (&with(&["x", "y"]), RejectCode::SchemaMismatch));
    for part in ["\"x\", \"y\"", "stream, seq", "lakehead.evolve", "tables.evolve", "\"add\""] {
        assert!(why.message.contains(part), "{part} in {}", why.message);
    }
    world.plane.stop();
    assert_eq!(commits(&folder.path().join("t")).len(), 1);
}

#[test]
fn what_others_have_added_is_found_there_and_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |settings| settings.evolve = EvolvePolicy::Add);
    let table = world.open(0, "t", Some(schema())).unwrap();
    alter(&folder.path().join("t"), "theirs");
    // The wish runs into the other's column, and is granted after it.
    wish(&world, table.key, &with(&["x"]));
    assert_eq!(names(&columns(&world).2.schema), ["stream", "seq", "theirs"]);
    assert_eq!(names(&columns(&world).2.schema), ["stream", "seq", "theirs", "x"]);
    // A cut that finds other columns is given up for them, and the table stays open.
    alter(&folder.path().join("t"), "again");
    assert_eq!(world.mint_fails(&table, "a"), ["stream", "seq", "theirs", "x", "again"]);
    assert_eq!(world.mint(&table, "a").epoch, 1);
    world.plane.stop();
}

#[test]
fn a_column_that_is_there_meanwhile_needs_no_policy() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |_| {});
    let table = world.open(0, "t", Some(schema())).unwrap();
    alter(&folder.path().join("t"), "theirs");
    let mut wanted = schema();
    wanted.columns.push(2);
    wanted.fields.push(Field::flat("theirs", DataType::Date, true));
    wish(&world, table.key, &wanted);
    assert_eq!(names(&columns(&world).2.schema), ["stream", "seq", "theirs"]);
    world.plane.stop();
}

impl World {
    /// Asks for a mint in a cut of shard 0 alone, which is given up for other columns.
    fn mint_fails(&self, table: &OpenTable, stream: &str) -> Vec<String> {
        self.plane.submit(Request::WantCut { table: table.key, urgency: Urgency::Open });
        let (generation, cut) = self.shards[0].cut_wanted();
        self.done(table, (0, generation, cut), &[], &[stream]);
        names(&columns(self).2.schema).into_iter().map(str::to_owned).collect()
    }
}

#[test]
fn a_shard_that_cannot_build_its_rows_stops_the_table_for_all_of_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 2, |_| {});
    let table = world.open(0, "t", Some(schema())).unwrap();
    world.open(1, "t", None).unwrap();
    let why = Refusal::new(RejectCode::SchemaMismatch, "rows 0 to 9 of stream \"a\" do not fit");
    world.plane.submit(Request::StopTable { table: table.key, why });
    for shard in &world.shards {
        let Answer::TableClosed { why, held, .. } = shard.next() else { panic!("it is not closed") };
        assert_eq!((why.code, held), (RejectCode::SchemaMismatch, Held::UntilDecided));
        assert!(why.message.contains("rows 0 to 9") && why.message.contains("lakehead log held"), "{}", why.message);
    }
    assert_eq!(world.open(1, "t", None).unwrap_err().code, RejectCode::SchemaMismatch, "whichever shard asks");
}
