// Every golden case of every measure: pairs and matrices, through tensors and through Eigen, in float64 and float32.

#include "support/golden.hpp"
#include "idcl/trajectory/torch.hpp"
#include "support/compare.hpp"
#include "support/tolerance.hpp"

#include <functional>

namespace {

namespace trajectory = idcl::trajectory;
using namespace idcl::test;
using golden::Case;

constexpr Tolerance exact{1e-12, 1e-12};
constexpr Tolerance exact_gradient{1e-9, 1e-12};

/// Calls `use` with the measure that a case asks for.
template <class Use>
void with_measure(const std::string& file, const Case& c, const Use& use) {
  const auto classes = c.options.value("num_classes", int64_t{0});
  if (file == "histogram") return use(trajectory::Histogram{.num_classes = classes});
  if (file == "segment_histogram")
    return use(trajectory::SegmentHistogram{.segments = c.options.at("num_segments"), .num_classes = classes});
  if (file == "bigram") return use(trajectory::Bigram{.num_classes = classes});
  if (file == "edit_distance") return use(trajectory::EditDistance{});
  if (file == "soft_dtw") return use(trajectory::SoftDtw{.gamma = c.options.at("gamma")});
  if (file == "soft_dtw_divergence") return use(trajectory::SoftDtwDivergence{.gamma = c.options.at("gamma")});
  if (file != "dtw") throw std::runtime_error("no measure for the golden file " + file);
  const auto with_cost = [&](const auto& cost) {
    trajectory::Dtw<std::remove_cvref_t<decltype(cost)>> measure{.cost = cost};
    if (c.options.contains("radius")) measure.radius = c.options.at("radius");
    if (c.options.contains("band_fraction")) measure.fraction = c.options.at("band_fraction");
    use(measure);
  };
  const auto cost = c.options.at("cost").get<std::string>();
  if (cost == "discrete") return with_cost(trajectory::cost::ZeroOne{});
  if (cost == "euclidean") return with_cost(trajectory::cost::Euclidean{});
  if (cost != "sqeuclidean") throw std::runtime_error("no cost for the golden option " + cost);
  with_cost(trajectory::cost::SquaredEuclidean{});
}

std::vector<int64_t> labels_of(const Tensor& x) { return {x.const_data_ptr<int64_t>(), x.const_data_ptr<int64_t>() + x.numel()}; }

Eigen::MatrixXd matrix_of(const Tensor& x) { return trajectory::Frames<double>(x.const_data_ptr<double>(), x.size(0), x.size(1)); }

Tensor padded(const Tensor& values, const Tensor& lengths, const at::Scalar& padding) {
  std::vector<Tensor> rows;
  for (const auto& row : values.split_with_sizes(at::IntArrayRef(lengths.const_data_ptr<int64_t>(), lengths.numel()))) rows.push_back(row);
  const auto longest = lengths.max().item<int64_t>();
  for (auto& row : rows)
    row = at::cat(
        {row,
         at::full_like(row.narrow(0, 0, 1).expand_as(row), padding).repeat_interleave(longest, 0).narrow(0, 0, longest - row.size(0))});
  return at::stack(rows);
}

int check_pair(const std::string& file, const Case& c) {
  const auto x = c.inputs.at("x"), y = c.inputs.at("y");
  const auto expected = golden::number(c.expected.at("distance"));
  with_measure(file, c, [&](const auto& measure) {
    const auto distance = measure(x, y);
    REQUIRE(distance.scalar_type() == at::kDouble);
    check_close(c.where(), distance.template item<double>(), expected, exact);
    check_close(c.where() + ", the other way", measure(y, x).template item<double>(), expected, exact);
    if (x.scalar_type() == at::kLong) {
      if constexpr (trajectory::Measures<std::remove_cvref_t<decltype(measure)>, trajectory::Labels>) {
        check_close(c.where() + ", of vectors", measure(labels_of(x), labels_of(y)), expected, exact);
      }
      return;
    }
    if constexpr (trajectory::Measures<std::remove_cvref_t<decltype(measure)>, trajectory::Frames<double>>) {
      check_close(c.where() + ", of Eigen matrices", measure(matrix_of(x), matrix_of(y)), expected, exact);
    }
    const auto single = measure(x.to(at::kFloat), y.to(at::kFloat));
    REQUIRE(single.scalar_type() == at::kFloat);
    check_close(c.where() + ", float32", single.template item<double>(), expected, {1e-5, 1e-5});
  });
  return 1;
}

int check_gradients(const std::string& file, const Case& c) {
  if (!c.expected.contains("grads")) return 0;
  const auto x = c.inputs.at("x").clone().requires_grad_(), y = c.inputs.at("y").clone().requires_grad_();
  with_measure(file, c, [&](const auto& measure) { measure(x, y).backward(); });
  const auto gradients = golden::tensors(c.expected.at("grads"));
  check_close(c.where() + ", gradient of x", x.grad(), gradients.at("x"), exact_gradient);
  check_close(c.where() + ", gradient of y", y.grad(), gradients.at("y"), exact_gradient);
  return 1;
}

int check_matrix(const std::string& file, const Case& c) {
  const auto values = c.inputs.at("values"), lengths = c.inputs.at("lengths");
  const auto expected = golden::tensor(c.expected.at("matrix"));
  with_measure(file, c, [&](const auto& measure) {
    const auto matrix = trajectory::pairwise(measure, values, lengths);
    check_close(c.where(), matrix, expected, exact);
    CHECK(matrix.equal(matrix.t()));
    const auto beyond = values.is_floating_point() ? at::Scalar(std::nan("")) : at::Scalar(-1);
    check_close(c.where() + ", padded", trajectory::pairwise(measure, padded(values, lengths, beyond), lengths), expected, exact);
  });
  return 1;
}

}  // namespace

TEST_CASE("golden distances, gradients and matrices of every file") {
  for (const auto& file : golden::files("trajectory")) {
    int pairs = 0, matrices = 0, gradients = 0;
    for (const auto& c : golden::cases("trajectory", file)) {
      if (c.expected.contains("matrix")) {
        matrices += check_matrix(file, c);
      } else {
        pairs += check_pair(file, c);
        gradients += check_gradients(file, c);
      }
    }
    INFO(file);
    CHECK(pairs > 0);
    CHECK(matrices > 0);
    CHECK((gradients > 0) == (file.find("soft") == 0));
  }
}
