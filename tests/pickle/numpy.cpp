#include "support/catch.hpp"

#include <idcl/pickle/load.hpp>
#include <idcl/pickle/numpy.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>

using namespace idcl::pickle;
using Catch::Matchers::Contains;

namespace {

const std::filesystem::path fixtures = std::filesystem::path(IDCL_TEST_DATA) / "pickle" / "fixtures";

std::vector<double> values_of(const numpy::Array& array) {
  std::vector<double> values;
  numpy::visit(array, [&](auto element) { values.push_back(static_cast<double>(element)); });
  return values;
}

/// numpy.core.multiarray._reconstruct(...) with the given state, protocol 2.
std::string array_pickle(const std::string& shape, const std::string& code, const std::string& data) {
  return "\x80\x02"
         "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntU\x01"
         "btR(I1\n(" +
         shape + "tcnumpy\ndtype\n(S'" + code + "'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n" + "S'" + data + "'\ntb.";
}

std::string error_of(const std::string& bytes) {
  const auto document = loads(bytes);
  try {
    numpy::array(document.root);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("arrays of all number types, byte orders, layouts and protocols read back exactly") {
  std::ifstream in(fixtures / "arrays.json");
  const auto expected = nlohmann::json::parse(in);
  for (int protocol = 0; protocol <= 5; ++protocol) {
    const auto document = load(fixtures / ("arrays_p" + std::to_string(protocol) + ".pkl"));
    REQUIRE(document.root.count() == expected.size());
    for (std::size_t i = 0; i < document.root.items().size(); i += 2) {
      const auto name = text(document.root.items()[i]);
      INFO("protocol " << protocol << ", " << name);
      const auto array = numpy::array(document.root.items()[i + 1]);
      REQUIRE(array);
      CHECK(array->dtype.name() == expected[name]["dtype"]);
      CHECK(array->shape == expected[name]["shape"].get<std::vector<std::int64_t>>());
      CHECK(values_of(*array) == expected[name]["values"].get<std::vector<double>>());
    }
  }
}

TEST_CASE("a stretch of an array is the same stretch of its values, in either layout") {
  const auto document = load(fixtures / "arrays_p4.pkl");
  int seen = 0;
  for (std::size_t i = 0; i < document.root.items().size(); i += 2) {
    const auto array = numpy::array(document.root.items()[i + 1]);
    const auto all = values_of(*array);
    const auto begin = array->elements() / 3, end = array->elements() - array->elements() / 4;
    std::vector<double> part;
    numpy::visit(*array, begin, end, [&](auto element) { part.push_back(static_cast<double>(element)); });
    CHECK(part == std::vector<double>(all.begin() + begin, all.begin() + end));
    seen += array->fortran ? 1 : 0;
  }
  CHECK(seen > 0);
}

TEST_CASE("arrays that hold no numbers are refused by their type") {
  const auto document = load(fixtures / "arrays_refused.pkl");
  CHECK(document.root.count() == 7);
  for (std::size_t i = 0; i < document.root.items().size(); i += 2) {
    INFO(text(document.root.items()[i]));
    CHECK_THROWS_WITH(numpy::array(document.root.items()[i + 1]), Contains("expected numbers"));
  }
}

TEST_CASE("arrays whose data do not fit their shape are refused") {
  CHECK(error_of(array_pickle("I2\n", "f4", "12345678")) == "no error");
  CHECK_THAT(error_of(array_pickle("I3\n", "f4", "12345678")), Contains("[3]") && Contains("8 bytes"));
  CHECK_THAT(error_of(array_pickle("I1\n", "f4", "12345678")), Contains("does not fit"));
  CHECK_THAT(error_of(array_pickle("I4294967296\nI4294967296\n", "f4", "")), Contains("does not fit"));
  CHECK_THAT(error_of(array_pickle("I0\nI9223372036854775807\n", "f4", "1234")), Contains("does not fit"));
  CHECK(error_of(array_pickle("I9223372036854775807\nI9223372036854775807\nI0\n", "f4", "")) == "no error");
  CHECK_THAT(error_of(array_pickle("I-2\n", "f4", "12345678")), Contains("negative"));
  CHECK_THAT(error_of(array_pickle("I2\n", "q9", "12345678")), Contains("q9"));
  CHECK_THAT(error_of("cnumpy.core.multiarray\n_reconstruct\n(tR."), Contains("without its state"));
  CHECK_THAT(error_of("cnumpy._core.multiarray\nscalar\n(tR."), Contains("incomplete"));
}

TEST_CASE("integers in all their spellings") {
  const auto document = load(fixtures / "arrays_p2.pkl");
  CHECK(numpy::integer(*find(document.root, "scalar i8")) == -7);
  CHECK(numpy::integer(*find(document.root, "scalar f4")) == std::nullopt);
  CHECK(numpy::integer(Value::boolean(true)) == 1);
  CHECK(numpy::integer(Value::real(1.0)) == std::nullopt);
}

TEST_CASE("half precision: every finite value is the one IEEE 754 says") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto exponent = static_cast<int>(bits >> 10 & 0x1F);
    const auto mantissa = static_cast<double>(bits & 0x3FF);
    const auto value = static_cast<double>(half_to_float(static_cast<std::uint16_t>(bits)));
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == 31) {
      REQUIRE((mantissa == 0 ? std::isinf(value) && std::signbit(value) == (sign < 0) : std::isnan(value)));
    } else {
      REQUIRE(value == sign * (exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25)));
    }
  }
}
