/** Lines of left-aligned columns, two spaces apart, headings first; empty cells show as `-`. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows.map((row) => headings.map((_, column) => row[column] || "-"))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => visibleWidth(row[column]!))));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell.padEnd(widths[column]! + escapes(cell)),
      )
      .join("  ");
  return `${cells.map(line).join("\n")}\n`;
}

// Colours take characters in the text and none on the screen.
// eslint-disable-next-line no-control-regex
const colorSequence = /\u001b\[\d+m/g;

function escapes(cell: string): number {
  return cell.length - visibleWidth(cell);
}

function visibleWidth(cell: string): number {
  return cell.replace(colorSequence, "").length;
}
