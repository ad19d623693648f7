//! Writing of HTML.

/// A text with the five characters that mean something to HTML replaced.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A table with a caption. Cells are HTML; those of the first column head
/// their rows. `numeric` columns are set flush right.
#[derive(Debug)]
pub struct Table {
    caption: String,
    head: Vec<(String, bool)>,
    rows: Vec<Row>,
}

/// A row, or a heading over the rows that follow.
#[derive(Debug)]
enum Row {
    Cells(Vec<String>, bool),
    Heading(String),
}

impl Table {
    /// An empty table.
    pub fn new(caption: &str) -> Self {
        Self { caption: escape(caption), head: Vec::new(), rows: Vec::new() }
    }

    /// Adds a column of text.
    pub fn text(mut self, title: &str) -> Self {
        self.head.push((escape(title), false));
        self
    }

    /// Adds a column of numbers.
    pub fn number(mut self, title: &str) -> Self {
        self.head.push((escape(title), true));
        self
    }

    /// Adds a row of HTML; a muted one plays no part in what is judged.
    pub fn row(&mut self, cells: Vec<String>, muted: bool) {
        self.rows.push(Row::Cells(cells, muted));
    }

    /// Adds a heading over the rows that follow.
    pub fn heading(&mut self, text: &str) {
        self.rows.push(Row::Heading(escape(text)));
    }

    /// The table.
    pub fn html(&self) -> String {
        let class = |numeric: bool| if numeric { " class=\"n\"" } else { "" };
        let head: String = self
            .head
            .iter()
            .map(|(title, numeric)| format!("<th scope=\"col\"{}>{title}</th>", class(*numeric)))
            .collect();
        let cells = |cells: &[String]| -> String {
            let cell = |(i, cell): (usize, &String)| match (i, self.head.get(i)) {
                (0, _) => format!("<th scope=\"row\">{cell}</th>"),
                (_, Some((_, numeric))) => format!("<td{}>{cell}</td>", class(*numeric)),
                (_, None) => format!("<td>{cell}</td>"),
            };
            cells.iter().enumerate().map(cell).collect()
        };
        let row = |row: &Row| match row {
            Row::Cells(row, true) => format!("<tr class=\"muted\">{}</tr>\n", cells(row)),
            Row::Cells(row, false) => format!("<tr>{}</tr>\n", cells(row)),
            Row::Heading(text) => format!(
                "<tr class=\"part\"><th scope=\"rowgroup\" colspan=\"{}\">{text}</th></tr>\n",
                self.head.len()
            ),
        };
        let rows: String = self.rows.iter().map(row).collect();
        format!(
            "<div class=\"scroll\"><table><caption>{}</caption><thead><tr>{head}</tr></thead>\n\
             <tbody>\n{rows}</tbody></table></div>\n",
            self.caption
        )
    }
}
