/** Plots as files: CSV, texts in PNG files, SVG documents, and traces as numbers and vectors. */
import { crc32 as zlibCrc32, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type TraceWindow, noMarks } from '#lib/model/preview.ts';
import { shortFloat, tableToCsv } from '#lib/plots/plot-csv.ts';
import { crc32, withPngTexts } from '#lib/plots/png-text.ts';
import { fileStem } from '#lib/plots/save-figure.ts';
import { escapeXml, svgDocument } from '#lib/plots/svg-text.ts';
import { traceNumbers, tracePointCount, traceVectors } from '#lib/plots/trace-export.ts';

/** One grey pixel. */
const png = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
    'base64'
  )
);

function chunksOf(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    expect(view.getUint32(at + 8 + length)).toBe(zlibCrc32(body));
    chunks.push({
      type: Buffer.from(body.subarray(0, 4)).toString('latin1'),
      data: Buffer.from(body.subarray(4))
    });
    at += 12 + length;
  }
  return chunks;
}

describe('CSV', () => {
  test('quotes what would split a cell, and leaves an unknown number empty', () => {
    const table = {
      columns: ['name', 'value'],
      rows: [
        ['a "b", c', 0.25],
        ['plain', NaN]
      ]
    };
    expect(tableToCsv(table)).toBe('name,value\r\n"a ""b"", c",0.25\r\nplain,\r\n');
  });
  test('writes a 32-bit value with the digits that it has', () => {
    expect(shortFloat(Math.fround(0.1))).toBe(0.1);
    for (const value of [-123.45678, 1e-7 / 3, 16_777_217.5, 0])
      expect(Math.fround(shortFloat(Math.fround(value)))).toBe(Math.fround(value));
  });
});

describe('texts in a PNG file', () => {
  test('stand behind the header, and the picture is untouched', () => {
    const chunks = chunksOf(withPngTexts(png, { Title: 'Traces, µV', Sorting: 'a → b' }));
    expect(chunks.map(({ type }) => type)).toEqual(['IHDR', 'tEXt', 'iTXt', 'IDAT', 'IEND']);
    expect(chunks[1]?.data.toString('latin1')).toBe('Title\0Traces, µV');
    expect(chunks[2]?.data.toString('utf8')).toBe('Sorting\0\0\0\0\0a → b');
    expect(inflateSync(chunks[3]?.data ?? Buffer.alloc(0))).toHaveLength(2);
  });
  test('carry the checksum of the standard', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  });
});

describe('an SVG file', () => {
  test('escapes what it is told, and drops what XML forbids', () => {
    expect(escapeXml('a<b & "c"\u0000')).toBe('a&lt;b &amp; &quot;c&quot;');
  });
  test('says what it shows and where that came from', () => {
    const facts = { title: 'Rates', description: 'Two units', facts: { 'Sorting id': '5f<' } };
    const text = svgDocument({ width: 10, height: 5, background: '#fff', content: '<g/>', ...facts });
    expect(text).toContain('<title>Rates</title><desc>Two units</desc>');
    expect(text).toContain('<dc:source>Sorting id: 5f&lt;</dc:source>');
    expect(text).toContain('viewBox="0 0 10 5"');
  });
  test('is named after the recording and the plot', () => {
    expect(fileStem({ title: 'Firing rates', facts: { Recording: 'mouse 7.nwb' } })).toBe(
      'mouse-7-firing-rates'
    );
    expect(fileStem({ title: 'Probe', facts: {} })).toBe('probe');
  });
});

describe('traces in view', () => {
  const window: TraceWindow = {
    startSample: 100,
    endSample: 110,
    channelCount: 2,
    samplesPerBucket: 1,
    pointCount: 10,
    values: Float32Array.from({ length: 20 }, (_, index) => index),
    peaks: noMarks
  };
  const view = { startSeconds: 0.102, spanSeconds: 0.004, firstRow: 0, rowCount: 2, uvPerRow: 10 };
  const traces = { window, view, rows: [1, 0], channelIds: ['a', 'b'], samplingRateHz: 1000 };

  test('are the samples between the edges, a column for each row from the top', () => {
    expect(traceNumbers(traces)).toEqual({
      columns: ['time_s', 'b_uv', 'a_uv'],
      rows: [
        [0.102, 12, 2],
        [0.103, 13, 3],
        [0.104, 14, 4],
        [0.105, 15, 5]
      ]
    });
    expect(tracePointCount(traces)).toBe(8);
  });
  test('are minima and maxima where samples are summarised', () => {
    const summary = { ...window, samplesPerBucket: 2, pointCount: 10, endSample: 110 };
    const { columns, rows } = traceNumbers({ ...traces, window: summary, rows: [0] });
    expect(columns).toEqual(['time_s', 'a_min_uv', 'a_max_uv']);
    expect(rows).toEqual([
      [0.102, 2, 3],
      [0.104, 4, 5]
    ]);
  });
  test('are lines at the places where the plot draws them, marks in the colour of their unit', () => {
    const marks = {
      samples: Float64Array.of(103),
      channels: Int32Array.of(1),
      units: Int32Array.of(7)
    };
    const text = traceVectors({
      ...traces,
      size: { width: 400, height: 200 },
      marks,
      colors: { trace: [0, 0, 0], peak: [0, 0, 1], unit: () => [1, 0, 0] }
    });
    // Sample 102 is the left edge; 12 µV on the first row of 100 px stand 120 px above its middle.
    expect(text).toContain('d="M0 -70L100 -80L200 -90L300 -100"');
    expect(text).toContain('stroke="rgb(255, 0, 0)"');
    expect(text).not.toContain('rgb(0, 0, 255)');
  });
});
