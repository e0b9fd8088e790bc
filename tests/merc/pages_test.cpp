#include "data/corpus.hpp"
#include "report/chart.hpp"
#include "report/coordinates.hpp"
#include "report/embedding_page.hpp"
#include "report/event_file.hpp"
#include "report/page.hpp"
#include "report/strips.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace {

using Catch::Matchers::Contains;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes)
    for (const int digit : {static_cast<unsigned char>(byte) >> 4, byte & 15}) text += "0123456789abcdef"[digit];
  return text;
}

}  // namespace

TEST_CASE("text cannot leave its place in a page") {
  CHECK(merc::escaped(R"(<a href="x">&)") == "&lt;a href=&quot;x&quot;&gt;&amp;");
  const auto page = merc::page_html("a <b>", ".x{}", "<p>body</p>");
  CHECK_THAT(page,
             Contains("<h1>a &lt;b&gt;</h1>") && Contains("prefers-color-scheme: dark") && Contains(".x{}") && Contains("<p>body</p>"));
  CHECK_THAT(page, !Contains("http") && !Contains("<script"));
  const auto wide = merc::table_html({{"a", "b", "c", "d", "e", "\"f\""}, {"1", "2", "3", "4", "5", "6"}, {"7"}});
  CHECK_THAT(wide, Contains("<table class=\"stack\">") && Contains("<tr><td>1</td><td data-head=\"b\">2</td>") &&
                       Contains("<td data-head=\"&quot;f&quot;\">6</td></tr>\n<tr><td>7</td></tr>"));
  CHECK(merc::table_html({{"<", "b"}, {"1", "2"}}) ==
        "<div class=\"wide\"><table>\n<tr><th>&lt;</th><th>b</th></tr>\n<tr><td>1</td><td>2</td></tr>\n</table></div>\n");
}

TEST_CASE("a chart draws its lines, marks an epoch and needs two points") {
  const merc::Chart chart{
      .title = "loss", .series = {{"dev", {{1, 3}, {2, 2}, {3, 2.5}}}, {"empty", {}}}, .mark = 2, .mark_name = "selected: 2"};
  const auto svg = merc::chart_svg(chart);
  CHECK(count(svg, "<polyline") == 1);
  CHECK_THAT(svg, Contains("selected: 2") && Contains("<title>dev 2.00, epoch 2</title>") && !Contains("empty") && !Contains("nan"));
  CHECK(merc::chart_svg({.title = "one", .series = {{"dev", {{1, 3}}}}, .mark = {}, .mark_name = ""}).empty());
  merc::Series level{"level", {}};
  for (int epoch = 1; epoch <= 5000; ++epoch) level.points.emplace_back(epoch, 0.5);
  const auto long_one = merc::chart_svg({.title = "level", .series = {level}, .mark = {}, .mark_name = ""});
  CHECK(long_one.size() < 10000);
  CHECK_THAT(long_one, !Contains("nan") && !Contains("inf"));
}

TEST_CASE("intervals are drawn where there are some") {
  CHECK(merc::intervals_svg({}).empty());
  const auto svg = merc::intervals_svg({{"B-A", 0.4, std::nullopt, std::pair{-0.2, 1.0}}, {"C-A", 1.4, std::pair{0.2, 2.0}, std::nullopt}});
  CHECK(count(svg, "stroke-width:4;stroke:var(--c0)") == 2);  // one in the key
  CHECK(count(svg, "stroke-width:4;stroke:var(--c1)") == 2);
  CHECK_THAT(svg, Contains("B-A") && Contains("C-A"));
}

TEST_CASE("strips show right and wrong predictions of dialogs with a course") {
  std::vector<merc::PredictionRow> rows;
  for (const int prediction : {0, 0, 1, 1, 0}) rows.push_back({"long", 0, prediction});
  rows.push_back({"long", -1, 1});
  for (int u = 0; u < 3; ++u) rows.push_back({"short", 0, 0});
  const auto html = merc::strips_html(rows, {"sad", "<angry>"});
  CHECK(count(html, "class=\"right\"") == 3);
  CHECK(count(html, "class=\"wrong\"") == 3);
  CHECK(count(html, "class=\"truth\"") == 1);
  CHECK_THAT(html,
             Contains("6 utterances, 60 % right") && Contains("&lt;angry&gt;") && Contains("5: no label, taken for") && !Contains("short"));
  CHECK(merc::strips_html({}, {"sad"}).empty());
}

TEST_CASE("a map shows every dialog once, by shape and colour, hollow where asked") {
  merc::DialogMap map{.name = "a <map>", .points = Eigen::MatrixXd::Zero(3, 2), .titles = {"x", "<y>", "z"}, .groups = {0, 1, 5}};
  map.points << 0, 0, 2, 1, 4, 0;
  map.hollow = {false, false, true};
  const auto svg = merc::dialog_map_svg(map);
  CHECK(count(svg, "class=\"dot") == 3);
  CHECK(count(svg, "<circle") == 1);
  CHECK(count(svg, "<rect") == 2);
  CHECK_THAT(
      svg, Contains("class=\"dot g5 hollow\"") && Contains("<title>&lt;y&gt;</title>") && Contains("a &lt;map&gt;") && !Contains("<text"));
  map.labels = {"one", "two", "", "", "", "six"};
  CHECK_THAT(merc::dialog_map_svg(map), Contains(">six</text>") && !Contains("nan"));
  map.points.setZero();  // all in one place
  CHECK_THAT(merc::dialog_map_svg(map), !Contains("nan") && !Contains("inf"));
  CHECK(count(merc::group_key_html({"a", "b"}), "<span>") == 2);
  CHECK_THAT(merc::group_css(6), Contains(".g5{--g:"));
}

TEST_CASE("positives are shown from the dialog with most of its group to the one with fewest") {
  merc::EmbeddingSection section{.group = "scenario", .names = {"s0", "s1"}};
  section.ids = {"few", "most", "<some>", "other"};
  section.groups = {0, 1, 1, 1};
  section.neighbors = 2;
  section.encoded = {
      {.name = "text", .neighbors = {{1, 2}, {2, 3}, {3, 0}, {0, 2}}, .share = 0.5, .chance = 0.25, .most = 0.75, .nearest = 1}};
  section.compared = {{.name = "text, as in the file", .neighbors = {}, .share = 0.375}};
  const auto html = merc::embedding_html(section, 2);
  CHECK_THAT(html, Contains("<td>text</td><td>50.0</td><td>25.0</td><td>75.0</td><td>100.0</td>") &&
                       Contains("<td>text, as in the file</td><td>37.5</td>") && Contains("2 of 2: ") && Contains("0 of 2: "));
  CHECK(html.find("<figcaption>most") < html.find("<figcaption>few"));
  CHECK(count(html, "<figcaption>") == 2);
  CHECK(count(html, " same\"") == 2);
  CHECK_THAT(html, Contains("&lt;some&gt;") && !Contains("<some>"));
  section.neighbors = 0;
  CHECK_THAT(merc::embedding_html(section), Contains("Map of the dialogs") && !Contains("Positives"));
}

TEST_CASE("coordinates of other programs are read by the names of their columns") {
  const auto path = std::filesystem::temp_directory_path() / ("idcl_coordinates_" + std::to_string(::getpid()) + ".tsv");
  const auto read = [&](const std::string& content) {
    std::ofstream(path) << content;
    return merc::read_coordinates(path, {"b", "a"});
  };
  const auto points = read("split\tvid\ty\tx\r\ntrain\ta\t2\t-1e1\r\ntest\tb\t4\t3\r\n\ndev\tc\t0\t0\n");
  CHECK(points == (Eigen::MatrixXd(2, 2) << 3, 4, -10, 2).finished());
  CHECK_THROWS_WITH(read("vid\tx\na\t1\n"), Contains("line 1 names no column \"y\"; expected vid, x and y"));
  CHECK_THROWS_WITH(read("vid\tx\ty\na\t1\t2\nb\t1\tmany\n"), Contains(": line 3 has no number as `y`"));
  CHECK_THROWS_WITH(read("vid\tx\ty\na\t1\nb\t1\t1\n"), Contains(": line 2 has no number as `y`"));
  CHECK_THROWS_WITH(read("vid\tx\ty\na\t1\tnan\n"), Contains(": line 2 has no number as `y`"));
  CHECK_THROWS_WITH(read("vid\tx\ty\na\t1\t2\n"), Contains("no point for dialog b"));
  CHECK_THROWS_AS(read(""), merc::DataError);
  std::filesystem::remove(path);
  CHECK_THROWS_WITH(merc::read_coordinates(path, {}), Contains("cannot be read"));
}

TEST_CASE("checksums are those of RFC 3720, records those that TensorBoard writes") {
  CHECK(merc::crc32c("123456789") == 0xe3069283U);
  CHECK(merc::crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  // Event(wall_time=1.5, step=300, summary=...).SerializeToString() of tensorboard 2.20, framed by its masked_crc32c
  CHECK(hex(merc::event_record(1.5, 300, {{"finetune/loss", 0.25F}, {"x", -3.0F}})) ==
        "2e00000000000000c5cb57fa09000000000000f83f10ac022a200a140a0d66696e6574756e652f6c6f7373150000803e0a080a017815000040c039c08691");
}
