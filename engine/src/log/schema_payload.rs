//! A schema in the log: number of columns 4, each column's field 4; number of fields 4, then for each field its name (text),
//! type 1, nullable 1, precision 1, scale 1, number of children 4, each child's field 4.

use super::fields::{Fields, put_text};
use lakehead_protocol::limits::COLUMNS_MAX;
use lakehead_protocol::schema::{Field, Schema};

pub(super) fn encode(schema: &Schema, out: &mut Vec<u8>) {
    put_indices(out, &schema.columns);
    out.extend_from_slice(&(schema.fields.len() as u32).to_le_bytes());
    for field in &schema.fields {
        put_text(out, &field.name);
        out.extend_from_slice(&[field.data_type, field.nullable, field.precision, field.scale]);
        put_indices(out, &field.children);
    }
}

pub(super) fn decode(fields: &mut Fields<'_>) -> Option<Schema> {
    let columns = indices(fields)?;
    let count = fields.u32()? as usize;
    if count > COLUMNS_MAX {
        return None;
    }
    let field = |_| {
        let name = fields.text()?.to_owned();
        let [data_type, nullable, precision, scale] = fields.array()?;
        Some(Field { name, data_type, nullable, precision, scale, children: indices(fields)? })
    };
    Some(Schema { columns, fields: (0..count).map(field).collect::<Option<_>>()? })
}

fn put_indices(out: &mut Vec<u8>, indices: &[u32]) {
    out.extend_from_slice(&(indices.len() as u32).to_le_bytes());
    for index in indices {
        out.extend_from_slice(&index.to_le_bytes());
    }
}

fn indices(fields: &mut Fields<'_>) -> Option<Vec<u32>> {
    let count = fields.u32()? as usize;
    if count > COLUMNS_MAX {
        return None;
    }
    (0..count).map(|_| fields.u32()).collect()
}
