#include "report/chart.hpp"
#include "report/event_file.hpp"
#include "report/page.hpp"
#include "report/strips.hpp"
#include "support/catch.hpp"

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

TEST_CASE("checksums are those of RFC 3720, records those that TensorBoard writes") {
  CHECK(merc::crc32c("123456789") == 0xe3069283U);
  CHECK(merc::crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  // Event(wall_time=1.5, step=300, summary=...).SerializeToString() of tensorboard 2.20, framed by its masked_crc32c
  CHECK(hex(merc::event_record(1.5, 300, {{"finetune/loss", 0.25F}, {"x", -3.0F}})) ==
        "2e00000000000000c5cb57fa09000000000000f83f10ac022a200a140a0d66696e6574756e652f6c6f7373150000803e0a080a017815000040c039c08691");
}
