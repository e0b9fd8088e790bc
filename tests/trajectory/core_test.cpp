// The measures without LibTorch: vectors, spans and Eigen matrices.

#include "idcl/trajectory/bigram.hpp"
#include "idcl/trajectory/dtw.hpp"
#include "idcl/trajectory/edit_distance.hpp"
#include "idcl/trajectory/histogram.hpp"
#include "idcl/trajectory/mean_pool.hpp"
#include "idcl/trajectory/nearest.hpp"
#include "idcl/trajectory/optimal_transport.hpp"
#include "idcl/trajectory/pairwise.hpp"
#include "idcl/trajectory/per_length.hpp"
#include "idcl/trajectory/segment_histogram.hpp"
#include "idcl/trajectory/signature.hpp"
#include "idcl/trajectory/soft_dtw_divergence.hpp"
#include "support/catch.hpp"

#include <array>
#include <cmath>
#include <span>
#include <vector>

namespace trajectory = idcl::trajectory;

TEST_CASE("sequences are vectors, arrays, spans and matrices of any number") {
  const std::vector<int> a{0, 0, 1, 2};
  const std::array<short, 4> b{0, 0, 1, 2};
  const std::vector<int64_t> c{0, 1};
  CHECK(trajectory::Histogram{}(a, b) == 0);
  CHECK(trajectory::SegmentHistogram{.segments = 2}(a, std::span(a)) == 0);
  CHECK(trajectory::EditDistance{}(a, c) == 0.5);
  CHECK(trajectory::Bigram{}(c, std::span(c)) == 0);
  CHECK(trajectory::Dtw{.radius = 2}(std::vector<float>{1, 2, 3}, std::vector<float>{1, 3}) == 1);
  const Eigen::MatrixXd x = Eigen::MatrixXd::Random(5, 2);
  const trajectory::RowMajor<double> rows = x;
  CHECK(trajectory::Dtw{}(x, rows) == 0);
  CHECK(trajectory::SoftDtwDivergence{.gamma = 0.1}(x, rows) == 0);
  CHECK(trajectory::SoftDtw{.gamma = 1e-3}(x, rows) < 1e-12);
  CHECK(trajectory::PerLength{.measure = trajectory::Dtw{}}(x, (rows.array() + 1).matrix().eval()) > 0);
  CHECK(trajectory::Signature{.depth = 2}(x, rows) == 0);
  CHECK(trajectory::MeanPool{}(x, rows) < 1e-12);
  CHECK(trajectory::OptimalTransport{}(a, std::span(b)) == 0);
  CHECK(trajectory::Dtw{}(Eigen::VectorXi(Eigen::VectorXi::Ones(3)), c) == 1);
}

TEST_CASE("pairwise and nearest without LibTorch") {
  const std::vector<std::vector<int>> dialogs{{0, 0, 1}, {0, 1}, {2, 2, 2, 2}, {0, 0, 1}};
  const auto matrix = trajectory::pairwise(trajectory::EditDistance{}, dialogs);
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) CHECK(matrix(i, j) == trajectory::EditDistance{}(dialogs[i], dialogs[j]));
  const auto near = trajectory::nearest(trajectory::EditDistance{}, dialogs, 2);
  CHECK(near.indices(0, 0) == 3);
  CHECK(near.indices(0, 1) == 1);
  CHECK(near.indices(1, 0) == 0);  // a tie with 3
  CHECK(near.distances(0, 0) == 0);
}

TEST_CASE("kinds and values that make no sense are refused without LibTorch too") {
  const std::vector<int> labels{0, 1};
  const std::vector<double> numbers{0, 1};
  CHECK_THROWS_WITH(trajectory::Histogram{}(numbers, numbers),
                    "idcl::trajectory::Histogram: expected a sequence of labels, but got rows of numbers");
  CHECK_THROWS_WITH(trajectory::Dtw{}(labels, numbers), "idcl::trajectory::Dtw: expected two sequences of one type, but got two types");
  CHECK_THROWS_WITH(trajectory::Dtw{}(numbers, std::vector<double>{NAN}),
                    "idcl::trajectory::Dtw: expected finite values, but got a NaN or an infinity");
}
